// A report as a page to read and print: HTML and CSS alone, nothing fetched, no script.
#pragma once

#include <string>

#include "manufacturing/order_report.hpp"

namespace lamp::manufacturing {

/// What the page says beside the report: who signed it, and what its signed form hashes to.
struct PageSeal {
  std::string signer;            ///< the certificate's subject
  Bytes certificate;             ///< SHA-256 of the signer's certificate (DER)
  Bytes digest;                  ///< SHA-256 of the signed report
  std::vector<OrderLine> lines;  ///< as the order says
  std::vector<std::string> approved_by;
  Instant order_created{}, order_not_after{};
  std::string order_id;
};

[[nodiscard]] std::string report_page(const OrderReport& report, const PageSeal& seal);

}  // namespace lamp::manufacturing
