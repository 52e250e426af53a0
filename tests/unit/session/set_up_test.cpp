#include "pool/session/set_up.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::Backend;
using protocol::ErrorReport;
using protocol::Frontend;
using protocol::Origin;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Settings = std::vector<Parameter>;

class SetUpRoomTest : public testing::Test {
  protected:
    void SetUp() override {
        has({}, {});
        client_.startup = settings_.none();
        client_.follows = true;
        context_.client = &client_;
    }
    void has(Settings on_server, Settings of_client) {
        server_.settings = settings_.intern(std::move(on_server));
        client_.settings = settings_.intern(std::move(of_client));
    }
    [[nodiscard]] static protocol::Step request(Frontend type, Bytes body, bool whole = true) {
        return {.kind = protocol::Step::Kind::frame,
                .size = body.size() + protocol::header_size,
                .type = static_cast<char>(type),
                .body = body,
                .whole = whole};
    }
    // Whether the request may go; what stands before it is in `texts()`.
    bool make_ready(Frontend type = Frontend::query, Bytes body = "select 1\0"s,
                    bool whole = true) {
        RequestWriter writer = requests();
        return set_up_.make_ready(request(type, body, whole), writer);
    }
    bool begin_alone() {
        RequestWriter writer = requests();
        return set_up_.begin_alone(writer);
    }
    void send(Frontend type) {
        tracker_.sent(type, Origin::client, protocol::Operation::no);
        set_up_.sent(type);
    }
    // The statements that were written since it was last asked.
    std::vector<std::string> texts() {
        std::vector<std::string> found;
        for (const iovec& part : out_.parts()) {
            std::string_view rest(static_cast<const char*>(part.iov_base), part.iov_len);
            while (!rest.empty()) {
                const std::size_t size = 1 + protocol::read_uint32(rest.substr(1));
                const std::string_view body = rest.substr(5, size - 5);
                if (rest[0] == 'P') found.emplace_back(body.substr(1, body.find('\0', 1) - 1));
                if (rest[0] == 'Q') found.emplace_back(body.substr(0, body.size() - 1));
                if (rest[0] == 'S') found.emplace_back("(Sync)");
                rest.remove_prefix(size);
            }
        }
        out_ = {};
        return found;
    }
    void answer(Backend type, Bytes body = {}) { static_cast<void>(tracker_.received(type, body)); }
    // The question that was asked last is answered, with this error if there is one.
    std::optional<std::string> lifted(std::string_view code = {}) {
        if (!code.empty()) {
            answer(Backend::error_response);
            questions_.failed(ErrorReport::error(code, "refused"));
        } else {
            answer(Backend::command_complete, "SET\0"s);
        }
        answer(Backend::ready_for_query, "I");
        RequestWriter writer = requests();
        return set_up_.limits_lifted(questions_.answered(), writer);
    }
    std::string refuse(std::string_view code = "22023", const std::string& message = "no") {
        answer(Backend::error_response);
        RequestWriter writer = requests();
        return set_up_.refused(ErrorReport::error(code, message), writer);
    }
    RequestWriter requests() { return {out_, tracker_, in_flight_, questions_, parses_}; }

    SettingsInterner settings_;
    ServerSession server_;
    TenantSession client_;
    PoolKnowledge knowledge_;
    protocol::RequestTracker tracker_;
    SessionContext context_{server_, tracker_, knowledge_, settings_};
    pool::SetUp set_up_{context_};
    Outgoing out_;
    StatementsInFlight in_flight_;
    Questions questions_;
    Counter parses_;
};

TEST_F(SetUpRoomTest, WhatIsThereIsNotSet) {
    has({{"work_mem", "8MB"}}, {{"work_mem", "8MB"}});
    EXPECT_TRUE(make_ready());
    EXPECT_TRUE(out_.empty());
    EXPECT_FALSE(set_up_.is_under_way());
    EXPECT_FALSE(begin_alone());
}

TEST_F(SetUpRoomTest, TheRequestGoesBehindItsSettings) {
    has({{"enable_sort", "off"}}, {{"work_mem", "8MB"}});
    ASSERT_TRUE(make_ready());
    const auto sent = texts();
    ASSERT_GE(sent.size(), 3U);
    EXPECT_EQ(sent.front(), "BEGIN");
    EXPECT_EQ(sent.back(), "COMMIT");
    EXPECT_EQ(server_.settings, client_.settings) << "it is assumed at once";
    EXPECT_TRUE(set_up_.is_open());
    EXPECT_FALSE(set_up_.blocks());
    send(Frontend::query);
    EXPECT_TRUE(set_up_.blocks()) << "what stands behind a Query would run though they are refused";
    set_up_.committed();
    EXPECT_FALSE(set_up_.is_under_way());
    EXPECT_TRUE(set_up_.take_reports_due());
    EXPECT_FALSE(set_up_.take_reports_due());
}

TEST_F(SetUpRoomTest, AnExtendedQueryMayHaveMoreUpToItsSync) {
    has({}, {{"work_mem", "8MB"}});
    ASSERT_TRUE(make_ready(Frontend::parse, "\0select 1\0\0\0"s));
    send(Frontend::parse);
    send(Frontend::execute);
    EXPECT_FALSE(set_up_.blocks());
    send(Frontend::sync);
    EXPECT_TRUE(set_up_.blocks());
}

TEST_F(SetUpRoomTest, TheFormerClientsLimitsGoFirst) {
    has({{"statement_timeout", "1ms"}}, {{"work_mem", "8MB"}});
    EXPECT_FALSE(make_ready());
    EXPECT_THAT(texts(), ElementsAre(HasSubstr("statement_timeout")));
    EXPECT_TRUE(set_up_.works_alone());
    EXPECT_FALSE(set_up_.is_being_judged());
    EXPECT_EQ(lifted(), std::nullopt);
    EXPECT_TRUE(make_ready()) << "the request comes again";
    EXPECT_EQ(texts().front(), "BEGIN");
}

TEST_F(SetUpRoomTest, ALimitThatCutsOffItsOwnEndIsTriedAgain) {
    has({{"statement_timeout", "1ms"}}, {});
    for (int times = 0; times < 20; ++times) {
        ASSERT_FALSE(make_ready());
        ASSERT_EQ(lifted("57014"), std::nullopt);
    }
    ASSERT_FALSE(make_ready());
    EXPECT_THAT(lifted("57014").value_or(""), HasSubstr("limits stay: refused"));
}

TEST_F(SetUpRoomTest, AnotherErrorThereIsTheEndOfTheServer) {
    has({{"statement_timeout", "1ms"}}, {});
    ASSERT_FALSE(make_ready());
    EXPECT_NE(lifted("53200"), std::nullopt);
}

TEST_F(SetUpRoomTest, WithoutARequestItStandsAlone) {
    has({{"lock_timeout", "1ms"}}, {{"work_mem", "8MB"}});
    ASSERT_TRUE(begin_alone());
    EXPECT_THAT(texts(), ElementsAre(HasSubstr("lock_timeout")));
    EXPECT_EQ(lifted(), std::nullopt);
    EXPECT_EQ(texts().back(), "(Sync)") << "nobody has to ask again";
    EXPECT_FALSE(set_up_.is_finished());
    set_up_.committed();
    set_up_.answered();
    EXPECT_TRUE(set_up_.is_finished());
    EXPECT_EQ(set_up_.take_result(), std::nullopt);
    EXPECT_FALSE(set_up_.is_finished()) << "it is told once";
}

TEST_F(SetUpRoomTest, ARequestWaitsWhereSomethingHasToGoBetween) {
    has({}, {{"work_mem", "8MB"}});
    EXPECT_FALSE(make_ready(Frontend::query, "listen a\0"s));
    EXPECT_EQ(texts().back(), "(Sync)");
}

TEST_F(SetUpRoomTest, ARequestThatIsNotAllHereWaits) {
    has({}, {{"work_mem", "8MB"}});
    EXPECT_FALSE(make_ready(Frontend::function_call, "\0\0"s, false));
    EXPECT_EQ(texts().back(), "(Sync)");
}

TEST_F(SetUpRoomTest, ARefusalIsTheAnswerToTheRequest) {
    has({{"enable_sort", "off"}}, {{"role", "gone"}});
    const SettingsPtr before = server_.settings;
    ASSERT_TRUE(make_ready());
    texts();
    send(Frontend::query);
    const std::string told = refuse();
    EXPECT_THAT(told, StartsWith("E"));
    EXPECT_EQ(set_up_.refusal(), told);
    EXPECT_EQ(server_.settings, before);
    EXPECT_TRUE(client_.settings_refused);
    EXPECT_THAT(texts(), ElementsAre("(Sync)")) << "behind a Query stands none of the client's";
}

TEST_F(SetUpRoomTest, ARefusalInAnExtendedQueryEndsWithTheClientsSync) {
    has({}, {{"role", "gone"}});
    ASSERT_TRUE(make_ready(Frontend::parse, "\0select 1\0\0\0"s));
    texts();
    send(Frontend::parse);
    EXPECT_NE(refuse(), "");
    EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(SetUpRoomTest, ARefusalThatStoodAloneIsToldAtItsEnd) {
    has({}, {{"role", "gone"}});
    ASSERT_TRUE(begin_alone());
    EXPECT_EQ(refuse(), "");
    EXPECT_TRUE(set_up_.blocks()) << "up to its Sync";
    set_up_.answered();
    ASSERT_TRUE(set_up_.is_finished());
    EXPECT_EQ(set_up_.take_result().value_or(ErrorReport()).message, "no");
}

TEST_F(SetUpRoomTest, AStatementThatResetsWhatWasRefusedRunsWithoutIt) {
    has({}, {{"role", "gone"}, {"work_mem", "8MB"}});
    client_.settings_refused = true;
    ASSERT_TRUE(make_ready(Frontend::query, "reset role\0"s));
    for (const std::string& sql : texts()) EXPECT_EQ(sql.find("gone"), std::string::npos);
}

TEST_F(SetUpRoomTest, ASettingThatAModuleHasReservedIsForgotten) {
    has({}, {{"plpgsql.mine", "1"}, {"work_mem", "8MB"}});
    ASSERT_TRUE(make_ready());
    static_cast<void>(refuse("42602", "invalid configuration parameter name \"plpgsql.mine\""));
    EXPECT_THAT(client_.settings->values(), ElementsAre(Parameter("work_mem", "8MB")));
}

TEST_F(SetUpRoomTest, WhoHasLeftIsToldNothing) {
    has({}, {{"work_mem", "8MB"}});
    ASSERT_TRUE(make_ready());
    send(Frontend::query);
    context_.client = nullptr;
    EXPECT_EQ(refuse(), "");
    set_up_.committed();
    EXPECT_FALSE(set_up_.take_reports_due());
}

TEST_F(SetUpRoomTest, TempBuffersNeedAServerWithoutTemporaryTables) {
    const std::string text = "set temp_buffers = 100\0"s;
    const protocol::Step step = request(Frontend::query, text);
    EXPECT_FALSE(set_up_.must_leave_for(step));
    server_.had_temporary = true;
    EXPECT_TRUE(set_up_.must_leave_for(step));
    EXPECT_FALSE(set_up_.must_leave_for(request(Frontend::query, "select 1\0"s)));
    has({}, {{"temp_buffers", "100"}});
    EXPECT_FALSE(suits(server_, client_));
    client_.pins.add(PinReason::advisory_lock);
    EXPECT_FALSE(set_up_.must_leave_for(step)) << "it has no other server";
}

}  // namespace
}  // namespace pgweir::pool
