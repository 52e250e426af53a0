#include "pool/session/sequence_readers.hpp"

namespace pgweir::pool {

SequenceReaders::Program& SequenceReaders::find(std::string_view name) {
    if (const auto found = programs_.find(name); found != programs_.end()) return found->second;
    if (programs_.size() == most_programs) programs_.clear();
    return programs_.emplace(name, Program()).first->second;
}

bool SequenceReaders::got_value(std::string_view program) {
    const std::lock_guard lock(mutex_);
    Program& known = find(program);
    if (known.reads) return true;
    if (known.values == values_to_learn) return false;
    ++known.values;
    return true;
}

bool SequenceReaders::expects(std::string_view program) {
    const std::lock_guard lock(mutex_);
    const Program& known = find(program);
    return known.reads || known.may_read_own || known.values < values_to_learn;
}

void SequenceReaders::may_read(std::string_view program) {
    const std::lock_guard lock(mutex_);
    find(program).may_read_own = true;
}

void SequenceReaders::has_read(std::string_view program) {
    const std::lock_guard lock(mutex_);
    find(program).reads = true;
}

bool SequenceReaders::reads_later(std::string_view program) {
    const std::lock_guard lock(mutex_);
    return find(program).reads;
}

std::string_view ClientsProgram::name() const {
    const std::string* const name = settings_.find("application_name");
    return name != nullptr ? std::string_view(*name) : std::string_view();
}

}  // namespace pgweir::pool
