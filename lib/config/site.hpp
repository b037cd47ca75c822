// A site: one folder, named by its site.yaml, which says where everything is. lamp-site(5).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lamp::config {

/// A PKCS#11 token as site.yaml names it. No secrets: the PIN is in a file of mode 0600, or asked at the terminal.
struct TokenPlace {
  std::string name;              ///< the site's own name for it, such as "line1"
  std::filesystem::path module;  ///< absolute path of the PKCS#11 module
  std::string uri;               ///< RFC 7512, selects the token; no pin-value
  std::optional<std::filesystem::path> pin_file;
  std::string module_init;  ///< handed to the module's C_Initialize; empty unless the module wants it
};

/// A person or station: which token holds the key, and where the certificate lies.
struct Person {
  std::string name;
  std::string token;  ///< name of a TokenPlace
  std::string key;    ///< label of the signing key in that token
  std::filesystem::path certificate;
  std::string share_key = "share";  ///< label of an officer's key that opens shares, in the same token
};

/// An address and port to listen on; port 0 takes any free one.
struct Listen {
  std::string address;
  std::uint16_t port = 0;
};

/// What `lamp-ca serve` gives out, and where.
struct CaService {
  struct Enrolment {
    enum class To { devices, stations };
    std::string label;  ///< path segment
    To to = To::devices;
    std::string vouched_by, authority, profile;
  };
  Listen https, http;
  std::string server;  ///< whose certificate and key TLS shows: a name of `people`
  std::vector<Enrolment> enrolment;
  struct Responder {
    std::string authority;
    std::string signer;  ///< its OCSP signer; empty: the authority signs itself
  };
  std::vector<Responder> ocsp;  ///< who signs OCSP answers on the spot
};

/// Where the stations of this host have devices certified, in place of an authority in their tokens.
struct LineServer {
  std::string url;        ///< https://host:port, no path
  std::string label;      ///< path segment of its enrolment; empty for the one that the server gives to stations
  std::string authority;  ///< that signs there: ca/<authority>/chain.pem is here
};

/// Production orders' ids begin so, and the names of authorities that serve one order alone: they have its id as name.
inline constexpr std::string_view kOrderPrefix = "order-";

struct Site {
  std::filesystem::path root;
  std::string name;  ///< such as demo-site.example
  bool demo = false;
  std::map<std::string, TokenPlace> tokens;
  std::map<std::string, Person> people;
  /// Authority name -> token name, for `lamp-ca create`.
  std::map<std::string, std::string> authorities;
  std::optional<std::filesystem::path> softhsm_config;

  std::string cloud_url;  ///< https://host:port, no path
  std::string cloud_listen_address;
  std::uint16_t cloud_listen_port = 0;
  std::filesystem::path cloud_database;
  std::filesystem::path cloud_artifacts;

  std::optional<CaService> ca_service;
  std::optional<LineServer> line_server;

  std::string release_quorum;  ///< roster that release approvals count through
  std::string order_quorum;    ///< roster that order approvals count through
  std::uint64_t order_approvals = 1;

  std::filesystem::path state_database;  ///< this host's one database
  std::filesystem::path log_directory;
  std::string log_origin;

  /// Reads `file`; relative paths in it are below its folder. Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static Site load(const std::filesystem::path& file);
  /// The site to use: `option` (--site, a folder or file), $LAMP_SITE, ./site.yaml, /etc/lamp/site.yaml, in that order.
  /// Throws Error{not_found} that says where it looked.
  [[nodiscard]] static Site find(const std::string& option);

  [[nodiscard]] const TokenPlace& token(const std::string& token_name) const;  ///< Error{not_found} lists the names
  [[nodiscard]] const Person& person(const std::string& person_name) const;    ///< Error{not_found} lists the names
  /// A file below a subfolder of the site, or the one delivered with the program when the site has none:
  /// ("profiles", "device-ca.yaml"). Throws Error{not_found} naming both places.
  [[nodiscard]] std::filesystem::path template_file(std::string_view folder, std::string_view file) const;
};

/// Where the delivered templates are: $LAMP_TEMPLATES, else the source tree of this build, else the installed share
/// folder.
[[nodiscard]] std::filesystem::path templates_directory();

}  // namespace lamp::config
