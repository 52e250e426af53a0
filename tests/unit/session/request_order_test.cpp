#include "pool/session/request_order.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::Backend;
using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;

const Effects names = Effect::names_statement;
const Effects resets = Effect::reset;
const Effects discards_all = Effect::reset | Effect::listens;

class RequestOrderTest : public testing::Test {
  protected:
    void request() {
        if (tracker_.quiet()) order_.begin();
        order_.requested();
    }
    void send(Frontend type) {
        request();
        order_.passes(type);
        note(type);
    }
    // A Query, or a Bind.
    void run(Frontend type, Effects effects, bool has_startup = false) {
        request();
        order_.runs(type, effects, has_startup);
        note(type);
    }
    void answer(Backend type, std::string_view body = {}) {
        static_cast<void>(tracker_.received(type, body));
        if (type == Backend::ready_for_query) order_.ready();
    }
    void answer_query(char status = 'I') {
        answer(Backend::command_complete, "X\0"s);
        answer(Backend::ready_for_query, {&status, 1});
    }
    [[nodiscard]] bool waits(Frontend type, std::string_view body = {}) const {
        return order_.waits_for_sql(
            {.kind = Step::Kind::frame, .type = static_cast<char>(type), .body = body});
    }
    [[nodiscard]] bool has_had_its_turn(bool others_wait, bool may_release = true) const {
        return order_.has_had_its_turn([=] { return may_release; }, [=] { return others_wait; });
    }

    protocol::RequestTracker tracker_;
    RequestOrder order_{tracker_};

  private:
    void note(Frontend type) {
        tracker_.sent(type, Origin::client, protocol::Operation::no);
        order_.sent(type);
    }
};

// --- what SQL settles ----------------------------------------------------------------------------

TEST_F(RequestOrderTest, WhatSettlesNothingIsNotWaitedFor) {
    run(Frontend::query, Effect::state);
    run(Frontend::query, resets);
    EXPECT_FALSE(waits(Frontend::query)) << "this client has no start-up settings";
}

TEST_F(RequestOrderTest, WhatMayNameAStatementWaitsForSqlThatDoes) {
    run(Frontend::query, names);
    EXPECT_TRUE(waits(Frontend::query));
    EXPECT_TRUE(waits(Frontend::parse, "s1\0x\0\0\0"s));
    EXPECT_TRUE(waits(Frontend::bind, "\0s1\0\0\0\0\0\0\0"s));
    EXPECT_TRUE(waits(Frontend::describe, "Ss1\0"s));
    EXPECT_TRUE(waits(Frontend::close, "Ss1\0"s));
    EXPECT_FALSE(waits(Frontend::describe, "Pp1\0"s));
    EXPECT_FALSE(waits(Frontend::close, "S\0"s)) << "SQL has no name for that";
    EXPECT_FALSE(waits(Frontend::execute, "\0\0\0\0\0"s));
    EXPECT_FALSE(waits(Frontend::function_call));
    EXPECT_FALSE(waits(Frontend::sync));
    answer_query();
    EXPECT_FALSE(waits(Frontend::query));
}

TEST_F(RequestOrderTest, DiscardAllDropsStatements) {
    run(Frontend::query, discards_all);
    EXPECT_TRUE(waits(Frontend::bind, "\0s1\0\0\0\0\0\0\0"s));
}

TEST_F(RequestOrderTest, AFunctionCallWaitsForAResetAlone) {
    run(Frontend::query, resets, true);
    EXPECT_TRUE(waits(Frontend::function_call));
    run(Frontend::query, names, true);
    EXPECT_TRUE(waits(Frontend::function_call)) << "the reset is not answered";
    answer_query();
    answer_query();
    run(Frontend::query, names, true);
    EXPECT_FALSE(waits(Frontend::function_call));
}

TEST_F(RequestOrderTest, AnExtendedQuerySettlesWithItsLatestExecute) {
    send(Frontend::parse);
    run(Frontend::bind, names);
    EXPECT_FALSE(waits(Frontend::bind, "\0\0\0\0\0\0\0\0"s)) << "it is the same statement's";
    EXPECT_TRUE(waits(Frontend::bind, "\0s1\0\0\0\0\0\0\0"s));
    send(Frontend::execute);
    answer(Backend::parse_complete);
    answer(Backend::bind_complete);
    EXPECT_TRUE(waits(Frontend::query)) << "it has not run";
    answer(Backend::command_complete, "DEALLOCATE\0"s);
    EXPECT_FALSE(waits(Frontend::query));
}

TEST_F(RequestOrderTest, BehindItsSyncNothingIsOfTheSameStatement) {
    run(Frontend::bind, names);
    send(Frontend::execute);
    send(Frontend::sync);
    EXPECT_TRUE(waits(Frontend::bind, "\0\0\0\0\0\0\0\0"s));
    send(Frontend::execute);
    answer(Backend::bind_complete);
    answer(Backend::command_complete, "DEALLOCATE\0"s);
    EXPECT_FALSE(waits(Frontend::query)) << "that Execute is another statement's";
}

// --- a transaction of its own reading ------------------------------------------------------------

TEST_F(RequestOrderTest, ReadingIsAlteredUpToTheEndOfTheTransaction) {
    order_.alters_reading();
    run(Frontend::query, Effect::state);
    EXPECT_TRUE(order_.reading_is_altered());
    answer_query('T');
    EXPECT_TRUE(order_.reading_is_altered());
    run(Frontend::query, {});
    answer_query('I');
    EXPECT_FALSE(order_.reading_is_altered());
}

TEST_F(RequestOrderTest, AnEarlierRequestsEndIsNotThatOfTheOneThatAlters) {
    run(Frontend::query, {});
    order_.alters_reading();
    run(Frontend::query, Effect::state);
    answer_query('I');
    EXPECT_TRUE(order_.reading_is_altered());
    answer_query('I');
    EXPECT_FALSE(order_.reading_is_altered());
}

// --- turns ---------------------------------------------------------------------------------------

TEST_F(RequestOrderTest, APipelineGivesWayToOthersAfterSoManyTransactions) {
    for (unsigned i = 0; i < RequestOrder::turn; ++i) {
        EXPECT_FALSE(has_had_its_turn(true));
        run(Frontend::query, {});
    }
    EXPECT_TRUE(has_had_its_turn(true));
    EXPECT_FALSE(has_had_its_turn(false)) << "nobody waits";
    EXPECT_FALSE(has_had_its_turn(true, false)) << "it keeps its server";
    send(Frontend::parse);
    EXPECT_FALSE(has_had_its_turn(true)) << "not in the midst of a transaction";
}

TEST_F(RequestOrderTest, AClientThatWaitsForItsAnswersHasNoPipeline) {
    for (unsigned i = 0; i < 2 * RequestOrder::turn; ++i) {
        run(Frontend::query, {});
        answer_query();
    }
    run(Frontend::query, {});
    EXPECT_FALSE(has_had_its_turn(true));
}

TEST_F(RequestOrderTest, MoreThanSoMuchIsNotOnItsWayThoughNobodyWaits) {
    while (tracker_.owed() < RequestOrder::most_on_their_way) {
        EXPECT_FALSE(has_had_its_turn(false));
        send(Frontend::execute);
        send(Frontend::sync);
    }
    EXPECT_TRUE(has_had_its_turn(false));
}

// --- a Flush for what is held back ---------------------------------------------------------------

TEST_F(RequestOrderTest, TheServerIsAskedOnceToSayWhatItHas) {
    EXPECT_FALSE(order_.must_flush()) << "it says all by itself";
    send(Frontend::parse);
    EXPECT_TRUE(order_.must_flush());
    EXPECT_FALSE(order_.must_flush());
    send(Frontend::describe);
    EXPECT_TRUE(order_.must_flush());
    order_.asks();
    EXPECT_TRUE(order_.must_flush());
    order_.asks();
    answer(Backend::error_response, "SERROR\0VERROR\0C42601\0Mx\0\0"s);
    EXPECT_FALSE(order_.must_flush()) << "it discards all up to the Sync";
}

TEST_F(RequestOrderTest, NothingIsLeftForTheNextClient) {
    order_.alters_reading();
    run(Frontend::bind, names);
    order_.forget();
    EXPECT_FALSE(order_.reading_is_altered());
    EXPECT_FALSE(waits(Frontend::query));
}

}  // namespace
}  // namespace pgweir::pool
