#include "protocol/wire/function_call.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pgweir::protocol {

namespace {

// Their oids in pg_proc, the same in every version of PostgreSQL that has them.
constexpr std::array<std::uint32_t, 20> large_object_functions{
    715,   // lo_create
    764,   // lo_import
    765,   // lo_export
    767,   // lo_import with an oid
    952,   // lo_open
    953,   // lo_close
    954,   // loread
    955,   // lowrite
    956,   // lo_lseek
    957,   // lo_creat
    958,   // lo_tell
    964,   // lo_unlink
    1004,  // lo_truncate
    3170,  // lo_lseek64
    3171,  // lo_tell64
    3172,  // lo_truncate64
    3457,  // lo_from_bytea
    3458,  // lo_get
    3459,  // lo_get of a part
    3460,  // lo_put
};

}  // namespace

bool calls_large_object(Bytes body) {
    if (body.size() < sizeof(std::uint32_t)) return false;
    return std::ranges::binary_search(large_object_functions, read_uint32(body));
}

}  // namespace pgweir::protocol
