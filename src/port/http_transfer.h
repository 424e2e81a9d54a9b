/* http_transfer.h - one request and its reply on one libcurl easy handle
 *
 * The easy handle outlives the call: its constant options are set once, a further call only
 * changes what differs. Used by http.c alone.
 */
#ifndef CW_PORT_HTTP_TRANSFER_H
#define CW_PORT_HTTP_TRANSFER_H

#include "port/addresses.h"
#include "port/http.h"
#include "port/http_kept.h"
#include "port/tls_batch.h"

#include <curl/curl.h>

/* What all transfers of a cw__http share; it outlives them. */
typedef struct cw__transfer_settings {
    cw__http_options options;
    bool short_upload_is_error; /* libcurl 8.7 and later */
    bool ipv6_is_first;         /* 8.10 and later: of any addresses */
    cw__tls_batch *batch;       /* NULL: libcurl writes each TLS record by itself */
    cw__http_kept *kept;
} cw__transfer_settings;

typedef struct cw__transfer_header {
    struct curl_slist node;
    char *copy; /* of a header that has to be spelt differently for libcurl, else NULL */
} cw__transfer_header;

typedef struct cw__transfer {
    struct cw__transfer *prev, *next; /* among the running ones, or the idle ones */
    const cw__transfer_settings *settings;
    CURL *easy;
    cw__http_call *call; /* NULL: cancelled, or idle */

    cw__transfer_header *headers;
    size_t header_capacity;
    size_t header_count;
    long upload_buffer_bytes; /* as set on the handle */
    long receive_buffer_bytes;
    bool tls;
    const cw__http_proxy *proxy; /* as set on the handle; NULL: not yet */
    curl_socket_t fd;            /* libcurl's, while known, or ours; else CURL_SOCKET_BAD */

    /* where to */
    cw__host *host;          /* NULL: nothing to choose */
    struct curl_slist order; /* of its addresses, given to libcurl; data NULL: none */
    int first, place;        /* in the order, and where it went; -1: not known */
    uint64_t at_ms;          /* since when */
    bool crowded;            /* it had better not go there again */

    /* sending */
    const char *small_body; /* the whole of it, when it goes along with the head, else NULL */
    char *small_copy;       /* of what did not lie in one piece */
    uint64_t offset;        /* in the body, of what libcurl asks for next */
    uint64_t uploaded;      /* of the body, gone from libcurl */
    bool begun;             /* the head has been sent, or soon will be */
    long head_bytes_before; /* sent by earlier sendings; with libcurl before 7.80 only */
    bool told_sent;
    bool resent; /* an earlier sending went to a connection that had died */
    bool peeked; /* at this offset already */
    bool paused; /* the read callback wants libcurl to look at the reply first */

    /* receiving */
    uint64_t downloaded;
    uint64_t body_bytes; /* as the head tells; 0: it does not */
    uint64_t body_got;   /* of them, passed on */
    uint64_t body_us;    /* when they began to come */
    bool gulps;          /* poll(2) keeps silent about it until much has come */
    int status;          /* of the head being read, or of the last one */
    bool head_open;      /* its lines are arriving */
    bool head_final;     /* it is not a 1xx */
    bool refused;        /* the reader of the reply's body wants no more */
    bool encoded;        /* it is not as long as the head tells */
    bool closing;        /* the connection ends with it */

    /* receiving without libcurl */
    curl_socket_t ours;           /* its connection; CURL_SOCKET_BAD: it is libcurl's */
    bool direct;                  /* it has begun */
    bool over;                    /* it has ended, with */
    CURLcode code;                /* as libcurl would tell it */
    bool opened;                  /* libcurl got a new one */
    bool lent;                    /* libcurl got one that was kept, this one, */
    curl_socket_t kept, stand_in; /* in this one's place; CURL_SOCKET_BAD: not, or no more */

    /* being alive */
    unsigned moves;      /* counts signs of life */
    unsigned moves_seen; /* at the last look */
    uint64_t start_ms;   /* when the call left the queue */
    uint64_t since_ms;   /* when the clock that runs now was started */
    uint32_t quiet_ms;   /* since then, at the last look */
    int unsent_bytes;    /* in the kernel, at the last look */

    char message[CURL_ERROR_SIZE];
} cw__transfer;

/** NULL when out of memory. */
cw__transfer *cw__transfer_new(const cw__transfer_settings *settings);
void cw__transfer_free(cw__transfer *x);

/** Dress the handle for a call. false: out of memory. */
bool cw__transfer_prepare(cw__transfer *x, cw__http_call *call, uint64_t now_ms);

/** Forget the call; the handle is ready for another. */
void cw__transfer_clear(cw__transfer *x);

/** Between http_prepare.c, which makes the handle, and http_transfer.c, which it calls. */
bool cw__transfer_set_callbacks(cw__transfer *x);

/**
 * Choose an address for its host, if there is a choice. `resolve`: it is time to know of one;
 * `choose`: the call may open a connection.
 */
void cw__transfer_spread(cw__transfer *x, uint64_t now_ms, bool resolve, bool choose);

/** The request is about to go there. */
void cw__transfer_at(cw__transfer *x, const char *ip);

/** It is over, or (NULL) cancelled: what does that say of the address? */
void cw__transfer_leave(cw__transfer *x, const cw__http_result *result);

/**
 * Within libcurl: take the connection from it, if that is worth while, so as to receive the rest of
 * the body. It finds no more bytes then, and the handle is to be removed from the multi handle.
 */
void cw__transfer_take(cw__transfer *x);

/** Receive what is there on a connection that was taken, until about so many bytes have come. */
void cw__transfer_receive(cw__transfer *x, uint64_t most);

/** It is over, or cancelled: keep the connection, or close it. */
void cw__transfer_release(cw__transfer *x);

/** libcurl wants a socket: a new one, or one that stands in for one that is kept. */
curl_socket_t cw__transfer_open(cw__transfer *x, struct curl_sockaddr *address);

/** libcurl is about to send: put what is kept in place. false: that was not possible. */
bool cw__transfer_lend(cw__transfer *x);

/** `n` bytes of the reply's body have come: is it to be taken in gulps from now on? */
void cw__transfer_gulp(cw__transfer *x, size_t n);

/** No more of that until the pace has been looked at again: a tick has passed. */
void cw__transfer_sip(cw__transfer *x);

/** Look whether anything has moved. true: nothing for longer than the call allows. */
bool cw__transfer_stalled(cw__transfer *x, uint64_t now_ms);

/** What to tell the call after libcurl has ended with `code`. */
cw__http_result cw__transfer_result(cw__transfer *x, CURLcode code);

/** What to tell the call when cw__transfer_stalled was true. */
cw__http_result cw__transfer_stall_result(cw__transfer *x);

#endif
