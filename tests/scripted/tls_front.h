/* tls_front.h - TLS in front of a server that has none, with a certificate of its own authority
 *
 * Carries bytes both ways. The certificate is for 127.0.0.1 and localhost.
 */
#ifndef CW_TESTS_SCRIPTED_TLS_FRONT_H
#define CW_TESTS_SCRIPTED_TLS_FRONT_H

#include "internal.h"
#include "listener.h"
#include "proxy.h"

typedef struct tls_front {
    char ca_file[64];
    atomic_uint handshakes;
    listener listener;

    const proxy *behind;
    SSL_CTX *tls;
} tls_front;

static inline bool tls_front_forth(SSL *ssl, int out, char *bytes, int size)
{
    do {
        int got = SSL_read(ssl, bytes, size);
        if (got <= 0 || !raw_say(out, bytes, (size_t)got))
            return false;
    } while (SSL_pending(ssl) > 0);
    return true;
}

static inline bool tls_front_back(int out, SSL *ssl, char *bytes, int size)
{
    ssize_t got = recv(out, bytes, (size_t)size, 0);
    return got > 0 && SSL_write(ssl, bytes, (int)got) == got;
}

static inline void tls_front_pass(SSL *ssl, int fd, int out)
{
    enum { SIZE = 64 * 1024 };
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = out, .events = POLLIN}};
    char *bytes = malloc(SIZE);
    bool open = bytes != NULL;
    while (open && poll(p, 2, 30000) > 0) {
        if (p[0].revents)
            open = tls_front_forth(ssl, out, bytes, SIZE);
        if (open && p[1].revents)
            open = tls_front_back(out, ssl, bytes, SIZE);
    }
    free(bytes);
}

static inline void tls_front_serve(void *user, int fd)
{
    tls_front *f = user;
    SSL *ssl = SSL_new(f->tls);
    if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        int out = proxy_dial(strstr(f->behind->url, "//"));
        atomic_fetch_add(&f->handshakes, 1);
        if (out >= 0) {
            tls_front_pass(ssl, fd, out);
            close(out);
        }
    }
    SSL_free(ssl);
}

static inline void tls_front_start(tls_front *f, const proxy *behind)
{
    static const char *const no_buckets[] = {NULL};
    char why[200] = "";
    f->behind = behind;
    snprintf(f->ca_file, sizeof f->ca_file, "/tmp/cw-proxy-ca-%ld.pem", (long)getpid());
    ts_options o = {.domain = "localhost", .buckets = no_buckets, .ca_file = f->ca_file};
    f->tls = ts_tls_new(&o, why, sizeof why);
    if (!f->tls) {
        fprintf(stderr, "    no TLS for the proxy: %s\n", why);
        exit(1);
    }
    SSL_CTX_set_read_ahead(f->tls, 0); /* what poll does not see is in SSL_pending then */
    listener_start(&f->listener, tls_front_serve, f);
}

/** Before what is behind it. */
static inline void tls_front_stop(tls_front *f)
{
    listener_stop(&f->listener);
    SSL_CTX_free(f->tls);
    unlink(f->ca_file);
}

#endif
