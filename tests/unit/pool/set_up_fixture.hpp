// Clients with settings of their own, on a server that is scripted.
#pragma once

#include <string>
#include <vector>

#include "following_fixture.hpp"

namespace pgweir::pool {

using protocol::TransactionStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

inline const protocol::Step part_of_function_call{
    .kind = protocol::Step::Kind::frame, .size = 16'384, .type = 'F', .body = {}, .whole = false};

class SetUpTest : public FollowingFixture {
  protected:
    void SetUp() override { make_pool(1); }
    ScriptedBackend& backend() { return postgresql.backend(0); }
    void has(FollowingTenant& tenant, const std::vector<Parameter>& settings) {
        tenant.session().settings = worker.settings.intern(settings);
        acquire(tenant);
    }
    // The server refuses one of these statements.
    void refuse(const std::vector<std::string>& set_up, std::size_t at) {
        std::string bytes = done(set_up, at);
        protocol::append_error_response(bytes, protocol::ErrorReport::error("22023", "scripted"));
        say_bytes(bytes);
    }
    void rolled_back() {
        EXPECT_EQ(next_message(), "QROLLBACK");
        backend().complete("ROLLBACK");
        settle();
    }
    // The server has bob's settings, and nobody has the server.
    void leave_settings_of_bob(const std::vector<Parameter>& settings) {
        has(bob, settings);
        bob.query("select 0");
        do_set_up();
        EXPECT_EQ(got(), "Q");
        say("CZ");
        ASSERT_EQ(bob.server, nullptr);
        EXPECT_EQ(bob.received_types(), "CZ");
    }
    // The server has what its login has.
    void expect_untouched() {
        acquire(carol);
        carol.query("select 1");
        EXPECT_EQ(got(), "Q") << "it has what it had";
        say("CZ");
    }

    FollowingTenant ann{worker.io, conf::SessionState::off};
    FollowingTenant bob{worker.io, conf::SessionState::off};
    FollowingTenant carol{worker.io, conf::SessionState::off};
};

}  // namespace pgweir::pool
