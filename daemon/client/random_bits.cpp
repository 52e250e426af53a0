#include "daemon/client/random_bits.hpp"

#include <openssl/rand.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace pgweir::daemon {

std::uint64_t RandomBits::next() {
    if (left_ == 0) {
        if (RAND_bytes(reinterpret_cast<unsigned char*>(stock_.data()), sizeof stock_) != 1) {
            throw std::runtime_error("no random numbers to be had from OpenSSL");
        }
        left_ = stock_.size();
    }
    return std::exchange(stock_[--left_], 0);
}

}  // namespace pgweir::daemon
