#include "pool/io/tls_transport.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <new>

namespace pgweir::pool {

namespace {

// What a BIO of ours keeps. It is small enough to stand where the pointer to it would.
struct Transport {
    int socket = -1;
    int emptied = 0;  ///< the last recv() was given less than it asked for
};

Transport transport_of(BIO* bio) {
    return std::bit_cast<Transport>(BIO_get_data(bio));
}

void keep(BIO* bio, Transport transport) {
    BIO_set_data(bio, std::bit_cast<void*>(transport));
}

bool may_repeat() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// As BIO_read_ex() wants it: 1, 0 at the end of the stream, or -1.
int receive(BIO* bio, char* room, std::size_t size, std::size_t* received) {
    BIO_clear_retry_flags(bio);
    Transport transport = transport_of(bio);
    const ssize_t got = ::recv(transport.socket, room, size, 0);
    transport.emptied = got < 0 || static_cast<std::size_t>(got) < size ? 1 : 0;
    keep(bio, transport);
    if (got > 0) {
        *received = static_cast<std::size_t>(got);
        return 1;
    }
    if (got < 0 && may_repeat()) BIO_set_retry_read(bio);
    return got == 0 ? 0 : -1;
}

int send(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
    BIO_clear_retry_flags(bio);
    const ssize_t taken = ::send(transport_of(bio).socket, bytes, size, MSG_NOSIGNAL);
    if (taken >= 0) {
        *sent = static_cast<std::size_t>(taken);
        return 1;
    }
    if (may_repeat()) BIO_set_retry_write(bio);
    return -1;
}

// Nothing is kept back, so that there is nothing to flush. That the stream has ended is not told
// here: OpenSSL would call an end without close_notify an error, and PostgreSQL's messages say
// themselves where they end.
long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int begin(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD* make_method() {
    BIO_METHOD* const method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pgweir's socket");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_create(method, begin);
    BIO_meth_set_read_ex(method, receive);
    BIO_meth_set_write_ex(method, send);
    BIO_meth_set_ctrl(method, control);
    return method;
}

}  // namespace

void attach_tls(ssl_st& tls, int socket) {
    static const BIO_METHOD* const method = make_method();  // for the life of the process
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    keep(bio, {.socket = socket});
    SSL_set_bio(&tls, bio, bio);
    SSL_set_read_ahead(&tls, 1);
}

bool holds_unread(const ssl_st& tls) {
    return SSL_has_pending(&tls) == 1;
}

bool has_emptied_socket(ssl_st& tls) {
    return transport_of(SSL_get_rbio(&tls)).emptied != 0;
}

}  // namespace pgweir::pool
