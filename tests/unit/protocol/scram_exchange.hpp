// A ScramServer and a ScramClient that speak with each other, and their answers in short words.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "protocol/auth/scram_client.hpp"
#include "protocol/auth/scram_server.hpp"

namespace pgweir::protocol::test {

/// For tests in which the iteration count does not matter.
inline const ScramVerifier pencil = make_scram_verifier("pencil", "0123456789abcdef", 3);
inline const std::vector<std::string> both_mechanisms{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
inline const std::vector<std::string> plain_mechanism{"SCRAM-SHA-256"};

/// Code, message and detail.
inline std::string refusal(const ErrorReport& report) {
    EXPECT_EQ(report.severity, "FATAL");
    return report.code + " " + report.message + (report.detail.empty() ? "" : "|" + report.detail);
}

/// "continue", "success", "wrong password", or the refusal.
inline std::string outcome(const ScramReply& reply) {
    if (const auto* const report = std::get_if<ErrorReport>(&reply)) return refusal(*report);
    if (std::holds_alternative<ScramContinue>(reply)) return "continue";
    return std::holds_alternative<ScramSuccess>(reply) ? "success" : "wrong password";
}

/// The data of a ScramContinue, which has to be one.
inline std::string sent(const ScramReply& reply) {
    const auto* const next = std::get_if<ScramContinue>(&reply);
    EXPECT_NE(next, nullptr) << outcome(reply);
    return next != nullptr ? next->data : "";
}

/// The mechanisms, as a client gets them.
inline std::vector<std::string> offered(const ScramServer& server) {
    return {server.mechanisms().begin(), server.mechanisms().end()};
}

/// An exchange up to the server's last word.
inline ScramReply play(ScramServer& server, ScramClient& client) {
    auto initial = client.start(offered(server));
    if (auto* const report = std::get_if<ErrorReport>(&initial)) return *report;
    const std::string server_first = sent(server.start(std::get<SaslInitialResponse>(initial)));
    auto client_final = client.proceed(server_first);
    if (auto* const report = std::get_if<ErrorReport>(&client_final)) return *report;
    return server.proceed(std::get<std::string>(client_final));
}

/// The vector of RFC 7677, 3. (RFC 5802's is of SHA-1.)
inline const std::string rfc_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
inline const std::string rfc_client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
inline const std::string rfc_client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

/// The server of that vector.
inline ScramServerOptions rfc_server() {
    static const ScramVerifier verifier =
        make_scram_verifier("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    return {.user = "user", .secrets = {verifier}, .nonce = rfc_nonce};
}

}  // namespace pgweir::protocol::test
