// How a TLS session reaches its socket: with one system call for all that has come.
#pragma once

struct ssl_st;

namespace pgweir::pool {

/// Lets `tls` read and write `socket`, which stays its owner's, in place of whatever it used
/// before. Throws std::bad_alloc.
///
/// From now on the session reads ahead: one recv() takes all that has come, as far as OpenSSL's
/// buffer has room, where OpenSSL's own transport asks for the five bytes of each record's header
/// and then for the rest of the record. So bytes may have left the socket that nobody has had yet.
void attach_tls(ssl_st& tls, int socket);

/// Whether `tls` has received what nobody has had yet; it may be less than a record.
[[nodiscard]] bool holds_unread(const ssl_st& tls);

/// Whether the last recv() of `tls`, attached, took all that had come.
[[nodiscard]] bool has_emptied_socket(ssl_st& tls);

}  // namespace pgweir::pool
