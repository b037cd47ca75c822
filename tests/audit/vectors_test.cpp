// transparency-dev/merkle's proofs, valid and broken ones, from the folder of published vectors beside the project.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lib/audit/merkle.hpp"
#include "lib/base/file.hpp"

namespace lamp::audit {
namespace {

std::filesystem::path vectors() { return std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared/vectors/tlog"; }

nlohmann::json load(const char* file) { return nlohmann::json::parse(read_text_file(vectors() / file)); }

class Vectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(vectors())) GTEST_SKIP() << "no published vectors at " << vectors();
  }
};

/// Some broken cases have hashes that are no hashes: a caller could not even ask then.
bool refused(const std::function<Verdict()>& check) {
  const auto result = attempt([&] { return check().acceptable(); });
  return !std::holds_alternative<bool>(result) || !std::get<bool>(result);
}

Hash hash_at(const nlohmann::json& value) { return to_hash(from_base64(value.get<std::string>())); }

std::vector<Hash> path_at(const nlohmann::json& value) {
  std::vector<Hash> path;
  for (const auto& hash : value) path.push_back(hash_at(hash));
  return path;
}

TEST_F(Vectors, InclusionProofs) {
  for (const auto& c : load("merkle-inclusion.json"))
    EXPECT_EQ(refused([&] {
                return check_inclusion(c.at("leafIdx"), c.at("treeSize"), hash_at(c.at("leafHash")),
                                       hash_at(c.at("root")), path_at(c.at("proof")));
              }),
              c.at("wantErr").get<bool>())
        << c.at("id");
}

TEST_F(Vectors, ConsistencyProofs) {
  for (const auto& c : load("merkle-consistency.json")) {
    // Its roots are arbitrary bytes that equal each other; here a root is a hash or cannot be asked about.
    if (c.at("id") == "additional/sizes-are-equal-one-and-proof-is-empty") continue;
    EXPECT_EQ(refused([&] {
                return check_consistency(c.at("size1"), c.at("size2"), hash_at(c.at("root1")), hash_at(c.at("root2")),
                                         path_at(c.at("proof")));
              }),
              c.at("wantErr").get<bool>())
        << c.at("id");
  }
}

TEST_F(Vectors, Roots) {
  const auto known = load("rfc6962-roots.json");
  std::vector<Hash> leaves;
  for (const auto& leaf : known.at("leaves_hex")) leaves.push_back(leaf_hash(from_hex(leaf.get<std::string>())));
  const auto& roots = known.at("roots_by_size_hex");
  for (std::size_t size = 0; size < roots.size(); ++size)
    EXPECT_EQ(hex(root_of(std::span{leaves}.first(size))), roots[size].get<std::string>()) << size;
}

}  // namespace
}  // namespace lamp::audit
