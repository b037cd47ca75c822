// Which authority a station certifies the devices of an order with.
#pragma once

#include <optional>
#include <string>

#include "lib/config/site.hpp"

namespace lamp::cli {

struct IssuingAuthority {
  std::string name;  ///< and of its key in the station's token
  enum class Serves { this_order, every_order };
  Serves serves = Serves::every_order;
};

/// The authority in the station's token that has the order's name, and serves this order alone; or else the station's.
/// Nothing when site.yaml names neither, or a line server in their place.
[[nodiscard]] std::optional<IssuingAuthority> issuing_authority(const config::Site& site, const std::string& station,
                                                                const std::string& order);

}  // namespace lamp::cli
