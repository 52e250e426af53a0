#include "pool/connect/credential_choice.hpp"

#include <gmock/gmock.h>

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CredentialsPtr of(const std::string& password) {
    auto credentials = std::make_shared<ServerCredentials>();
    credentials->password = password;
    return credentials;
}

std::vector<std::string> order(const CredentialChoice& choice) {
    std::vector<std::string> passwords;
    for (const CredentialsPtr& credentials : choice.in_order()) {
        passwords.push_back(credentials->password);
    }
    return passwords;
}

TEST(CredentialChoice, HasNoneAtFirst) {
    EXPECT_THAT(order(CredentialChoice()), IsEmpty());
}

TEST(CredentialChoice, TriesTheNewestFirstWhileNoneWasAccepted) {
    CredentialChoice choice;
    EXPECT_TRUE(choice.offer({of("a"), of("b")}));
    EXPECT_TRUE(choice.offer({of("c"), of("a")}));
    EXPECT_THAT(order(choice), ElementsAre("c", "a", "b"));
    EXPECT_FALSE(choice.offer({of("b"), of("c")}));
    EXPECT_THAT(order(choice), ElementsAre("c", "a", "b"));
}

TEST(CredentialChoice, KeepsInFrontWhatAServerHasAccepted) {
    CredentialChoice choice;
    choice.offer({of("a"), of("b")});
    choice.accepted(choice.in_order().back());
    choice.offer({of("c")});
    EXPECT_THAT(order(choice), ElementsAre("b", "c", "a"));
    choice.accepted(choice.in_order().at(1));
    choice.accepted(choice.in_order().front());
    EXPECT_THAT(order(choice), ElementsAre("c", "b", "a"));
}

TEST(CredentialChoice, IsBounded) {
    CredentialChoice choice;
    choice.offer({of("right")});
    choice.accepted(choice.in_order().front());
    for (int i = 0; i < 100; ++i) choice.offer({of(std::to_string(i))});
    EXPECT_THAT(order(choice), ElementsAre("right", "99", "98", "97", "96", "95", "94", "93"));
}

}  // namespace
}  // namespace pgweir::pool
