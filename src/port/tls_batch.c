/* tls_batch.c - let OpenSSL's records of an upload leave in few large writes
 *
 *     SSL_write -> records of 16 KiB -> [batch BIO] -> libcurl's BIO -> send(2)
 *
 * Owns the filter BIO, what it has gathered, and the buffers, which go from connection to
 * connection. A buffer is held from the first record gathered until all is written after gathering
 * has ended: a connection that is idle or receives holds none.
 *
 * Gathered bytes have been promised to OpenSSL and must not stay behind. That they cannot:
 *
 * 1. Gathering is switched on only by the read callback of an upload that gives libcurl a piece
 *    which is not the last of the body. So libcurl will call it again, when OpenSSL has taken the
 *    piece, unless the request ends before.
 * 2. The call for the last piece (at most CW__TLS_BATCH_TAIL) switches gathering off before it
 *    gives the piece. Its records are written through, and a write-through first empties the
 *    buffer: OpenSSL has taken the last record only when all before it is with the kernel.
 * 3. A request that ends before its last piece either had a final head, whose arrival switches
 *    gathering off as well, or none. Without one libcurl closes the connection. With one it closes
 * it too, unless the body is sent to its end, which is 2 without gathering.
 * 4. What OpenSSL writes beside the body, such as a change of keys, it flushes, and a flush empties
 *    the buffer as far as the socket takes it. A flush that is blocked while gathering is told as
 *    done all the same: the rest goes with the body that follows by 1, and OpenSSL's own buffering
 *    BIO, which stands above ours during a handshake, takes a flush to come again for a failure.
 *
 * A connection that is closed with bytes gathered loses them, as it would have lost what it had not
 * yet written without us.
 *
 * A blocked socket. What cannot be written stays, the BIO answers "retry", OpenSSL
 * offers the same record again later, and the rest goes first. Nothing is taken that has no room.
 *
 * A broken socket. A server that refuses an upload and closes may have its answer waiting in our
 * kernel when our write fails. So the first failure is told as "retry": libcurl looks at the
 * socket, reads the answer if there is one, and otherwise writes again and fails for good.
 *
 * libssl is not linked: what is needed of it is looked up at run time, and only believed when it
 * sits on the same libcrypto as this library, of the version that libcurl names.
 */
#include "port/tls_batch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/memory.h"
#include "port/symbol.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

typedef struct gather_buffer {
    struct gather_buffer *next; /* among the idle ones */
    char bytes[CW__TLS_BATCH_BYTES];
} gather_buffer;

struct cw__tls_batch {
    gather_buffer *idle;
    cw__tls_batch_stats stats;
};

typedef struct gathered {
    cw__tls_batch *batch;
    gather_buffer *buffer; /* NULL while there is nothing to hold */
    size_t from, to;       /* what is gathered and not written */
    bool gathering;
    bool failed; /* the socket, once */
} gathered;

/* --- libssl, and a BIO type of our own -------------------------------------------------------- */

typedef BIO *(*get_wbio_fn)(const void *ssl);
typedef void (*set0_wbio_fn)(void *ssl, BIO *bio);
typedef const char *(*version_fn)(int);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static BIO_METHOD *method;
static int method_type;
static get_wbio_fn ssl_get_wbio;
static set0_wbio_fn ssl_set0_wbio;

/* The libcrypto below the libssl that was found is this one, not a second copy of it. */
static bool is_on_our_libcrypto(void)
{
    Dl_info info;
    void *symbol;
    version_fn version;
    memcpy(&symbol, &ssl_set0_wbio, sizeof symbol);
    if (!dladdr(symbol, &info) || !info.dli_fname)
        return false;
    void *libssl = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (!libssl)
        return false;
    bool same = cw__symbol(libssl, "OpenSSL_version", &version) &&
                version(OPENSSL_VERSION) == OpenSSL_version(OPENSSL_VERSION);
    dlclose(libssl);
    return same;
}

/* "OpenSSL/3.0.19", perhaps among others, those not in use in parentheses. */
static bool is_of_our_version(const char *curl_ssl_version)
{
    const char *ours = OpenSSL_version(OPENSSL_VERSION);
    const char *at = curl_ssl_version ? strstr(curl_ssl_version, "OpenSSL/") : NULL;
    if (!at || (at != curl_ssl_version && at[-1] != ' ') || strncmp(ours, "OpenSSL ", 8) != 0)
        return false;
    size_t n = strcspn(at, " ");
    return strncmp(ours + 8, at + 8, n - 8) == 0 && (ours[n] == ' ' || ours[n] == 0);
}

/* --- buffers ---------------------------------------------------------------------------------- */

static gather_buffer *take_buffer(cw__tls_batch *batch)
{
    gather_buffer *b = batch->idle;
    if (b) {
        batch->idle = b->next;
        batch->stats.buffers_idle--;
        return b;
    }
    b = cw__alloc(sizeof *b);
    if (b)
        batch->stats.buffers++;
    return b;
}

static void give_buffer(gathered *g)
{
    if (!g->buffer)
        return;
    g->buffer->next = g->batch->idle;
    g->batch->idle = g->buffer;
    g->batch->stats.buffers_idle++;
    g->buffer = NULL;
    g->from = g->to = 0;
}

/* --- the BIO ---------------------------------------------------------------------------------- */

static int write_next(BIO *bio, gathered *g, const char *p, size_t n)
{
    int written = BIO_write(BIO_next(bio), p, (int)n);
    if (written > 0)
        return written;
    BIO_copy_next_retry(bio);
    if (!BIO_should_retry(bio) && !g->failed) {
        g->failed = true;
        BIO_set_retry_write(bio);
    }
    return -1;
}

static bool write_gathered(BIO *bio, gathered *g)
{
    while (g->from < g->to) {
        int n = write_next(bio, g, g->buffer->bytes + g->from, g->to - g->from);
        if (n < 0)
            return false;
        g->from += (size_t)n;
        g->batch->stats.writes++;
        g->batch->stats.written_bytes += (uint64_t)n;
    }
    g->from = g->to = 0;
    if (!g->gathering)
        give_buffer(g);
    return true;
}

static bool has_room(gathered *g, size_t n)
{
    if (!g->buffer)
        g->buffer = take_buffer(g->batch);
    return g->buffer && n <= CW__TLS_BATCH_BYTES - g->to;
}

/* Whether the kernel makes the records: known to be false, see push_bio. */
#ifdef BIO_CTRL_GET_KTLS_SEND
enum { ASKED_FOR_EACH_RECORD = BIO_CTRL_GET_KTLS_SEND };
#else
enum { ASKED_FOR_EACH_RECORD = -1 };
#endif

static int batch_write(BIO *bio, const char *p, int n)
{
    gathered *g = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!p || n <= 0)
        return 0;
    size_t bytes = (size_t)n;
    if (!g->gathering || !has_room(g, bytes)) {
        if (!write_gathered(bio, g))
            return -1;
        if (!g->gathering || !has_room(g, bytes))
            return write_next(bio, g, p, bytes);
    }
    memcpy(g->buffer->bytes + g->to, p, bytes);
    g->to += bytes;
    g->batch->stats.records++;
    return n;
}

static int batch_read(BIO *bio, char *p, int n)
{
    BIO_clear_retry_flags(bio);
    int got = BIO_read(BIO_next(bio), p, n);
    BIO_copy_next_retry(bio);
    return got;
}

static long batch_ctrl(BIO *bio, int command, long number, void *p)
{
    gathered *g = BIO_get_data(bio);
    BIO *next = BIO_next(bio);
    if (!next || command == ASKED_FOR_EACH_RECORD)
        return 0;
    if (command == BIO_CTRL_WPENDING)
        return (long)(g->to - g->from) + BIO_ctrl(next, command, number, p);
    if (command != BIO_CTRL_FLUSH)
        return BIO_ctrl(next, command, number, p);
    BIO_clear_retry_flags(bio);
    if (!write_gathered(bio, g)) {
        if (!g->gathering)
            return -1;
        BIO_clear_retry_flags(bio);
    }
    long answer = BIO_ctrl(next, command, number, p);
    BIO_copy_next_retry(bio);
    return answer;
}

static int batch_create(BIO *bio)
{
    gathered *g = cw__alloc_zero(sizeof *g);
    BIO_set_data(bio, g);
    BIO_set_init(bio, g != NULL);
    return g != NULL;
}

static int batch_destroy(BIO *bio)
{
    gathered *g = BIO_get_data(bio);
    if (g && g->batch)
        give_buffer(g);
    cw__free(g);
    BIO_set_data(bio, NULL);
    return 1;
}

static BIO_METHOD *make_method(void)
{
    int index = BIO_get_new_index();
    method_type = index | BIO_TYPE_FILTER;
    BIO_METHOD *m = index == -1 ? NULL : BIO_meth_new(method_type, "record batch");
    if (m && BIO_meth_set_write(m, batch_write) && BIO_meth_set_read(m, batch_read) &&
        BIO_meth_set_ctrl(m, batch_ctrl) && BIO_meth_set_create(m, batch_create) &&
        BIO_meth_set_destroy(m, batch_destroy))
        return m;
    BIO_meth_free(m);
    return NULL;
}

static void prepare(void)
{
    if (cw__symbol(RTLD_DEFAULT, "SSL_get_wbio", &ssl_get_wbio) &&
        cw__symbol(RTLD_DEFAULT, "SSL_set0_wbio", &ssl_set0_wbio) && is_on_our_libcrypto())
        method = make_method();
}

/* --- the face --------------------------------------------------------------------------------- */

cw__tls_batch *cw__tls_batch_new(const char *curl_ssl_version)
{
    pthread_once(&once, prepare);
    if (!method || !is_of_our_version(curl_ssl_version))
        return NULL;
    return cw__alloc_zero(sizeof(cw__tls_batch));
}

void cw__tls_batch_free(cw__tls_batch *batch)
{
    while (batch && batch->idle) {
        gather_buffer *b = batch->idle;
        batch->idle = b->next;
        cw__free(b);
    }
    cw__free(batch);
}

/* With records made by the kernel there is nothing to gather, and their order would be lost. */
static bool kernel_makes_records(BIO *bio)
{
#ifdef BIO_CTRL_GET_KTLS_SEND
    return BIO_ctrl(bio, BIO_CTRL_GET_KTLS_SEND, 0, NULL) > 0;
#else
    (void)bio;
    return false;
#endif
}

/*
 * SSL_set0_wbio lets go of the old BIO, which lives on below ours: hence one more reference. An
 * error left in the thread's queue would be taken for one of the connection's.
 */
static BIO *push_bio(cw__tls_batch *batch, void *ssl, BIO *below)
{
    ERR_set_mark();
    BIO *bio = kernel_makes_records(below) ? NULL : BIO_new(method);
    ERR_pop_to_mark();
    if (!bio)
        return NULL;
    gathered *g = BIO_get_data(bio);
    g->batch = batch;
    BIO_up_ref(below);
    ssl_set0_wbio(ssl, BIO_push(bio, below));
    return bio;
}

bool cw__tls_batch_gather(cw__tls_batch *batch, void *ssl, bool on)
{
    BIO *bio = ssl_get_wbio(ssl);
    if (!bio)
        return false;
    if (BIO_method_type(bio) != method_type)
        bio = on ? push_bio(batch, ssl, bio) : NULL;
    if (!bio)
        return false;
    gathered *g = BIO_get_data(bio);
    g->gathering = on;
    return on;
}

void cw__tls_batch_get_stats(const cw__tls_batch *batch, cw__tls_batch_stats *out)
{
    *out = batch->stats;
}
