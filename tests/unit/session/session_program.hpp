// A program of several clients on the model of session_model.hpp: which step comes next is chosen
// from outside, by a random generator or by a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/session/session_model.hpp"

namespace pgweir::pool {

class SessionProgram {
  public:
    /// `choose`: a number below the one that it is given, which is not 0.
    explicit SessionProgram(std::function<std::size_t(std::size_t)> choose);

    /// One step, and what can be said behind it.
    void step();
    /// All clients hear the end of what they have begun.
    void finish();
    /// What is wrong, and what the clients have said up to there; nothing: all is as it would be
    /// directly.
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

  private:
    static constexpr std::size_t servers = 2;
    static constexpr std::size_t clients = 3;

    void act(ModelSession& client);
    [[nodiscard]] bool has_server(ModelSession& client);
    void say(ModelSession& client);
    void extended(ModelSession& client);
    void sync(ModelSession& client);
    void send(ModelSession& client, const std::string& what, const std::string& message);
    void leave(std::unique_ptr<ModelSession>& client);
    [[nodiscard]] std::unique_ptr<ModelSession> make_client();
    void receive();
    void check(const ModelSession& client);
    void check();
    void fail(const std::string& what);

    std::function<std::size_t(std::size_t)> choose_;
    ModelPool pool_;
    ModelDatabase direct_;  ///< of the sessions that the clients would have
    std::vector<std::unique_ptr<ModelServer>> servers_;
    std::vector<std::unique_ptr<ModelSession>> clients_;
    std::uint64_t last_id_ = 0;
    std::string said_;
    std::optional<std::string> problem_;
};

}  // namespace pgweir::pool
