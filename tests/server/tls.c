/* tls.c - a certificate authority of one minute's making, and a server certificate from it
 *
 * Keys are P-256 and live in memory only; the authority's certificate is written where clients can
 * be pointed at it.
 */
#include "internal.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) == 1)
        EVP_PKEY_keygen(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int ok = e && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

/* issuer NULL: self-signed. */
static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                       const char *usage, const char *alt_names)
{
    X509 *c = X509_new();

    if (!c)
        return NULL;
    X509_NAME *subject = X509_get_subject_name(c);
    int ok = X509_set_version(c, 2) && ASN1_INTEGER_set(X509_get_serialNumber(c), issuer ? 2 : 1) &&
             X509_gmtime_adj(X509_getm_notBefore(c), -86400) &&
             X509_gmtime_adj(X509_getm_notAfter(c), 86400 * 30) && X509_set_pubkey(c, key) &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
                                        -1, -1, 0) &&
             X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer) : subject);
    if (!issuer)
        issuer = c;
    ok = ok && add_extension(c, issuer, NID_subject_key_identifier, "hash");
    if (alt_names)
        ok = ok && add_extension(c, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
             add_extension(c, issuer, NID_authority_key_identifier, "keyid:always") &&
             add_extension(c, issuer, NID_ext_key_usage, usage) &&
             add_extension(c, issuer, NID_subject_alt_name, alt_names);
    else
        ok = ok && add_extension(c, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
             add_extension(c, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (ok && X509_sign(c, issuer_key, EVP_sha256()))
        return c;
    X509_free(c);
    return NULL;
}

/* Either may be NULL; as may be the password of the key. */
static int write_pem(const char *file, X509 *cert, EVP_PKEY *key, const char *password, char *why,
                     size_t why_size)
{
    FILE *f = fopen(file, "w");
    int ok =
        f && (!cert || PEM_write_X509(f, cert) == 1) &&
        (!key || PEM_write_PKCS8PrivateKey(f, key, password ? EVP_aes_256_cbc() : NULL, password,
                                           password ? (int)strlen(password) : 0, NULL, NULL) == 1);

    if (f && fclose(f) != 0)
        ok = 0;
    if (!ok)
        snprintf(why, why_size, "cannot write %s: %s", file, strerror(errno));
    return ok ? 0 : -1;
}

/* Want a certificate of the authority, and have one made for whoever is to be let in. */
static int want_client_cert(SSL_CTX *t, const char *file, X509 *ca, EVP_PKEY *ca_key, char *why,
                            size_t why_size)
{
    char key_file[4096];
    EVP_PKEY *key = make_key();
    X509 *cert = key ? make_cert("client", key, ca, ca_key, "clientAuth", "DNS:client") : NULL;
    int ok = cert && snprintf(key_file, sizeof key_file, "%s.key", file) < (int)sizeof key_file &&
             write_pem(file, cert, key, NULL, why, why_size) == 0 &&
             write_pem(key_file, NULL, key, TS_CLIENT_KEY_PASSWORD, why, why_size) == 0 &&
             X509_STORE_add_cert(SSL_CTX_get_cert_store(t), ca) == 1;

    SSL_CTX_set_verify(t, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_id_context(t, (const unsigned char *)"cw", 2);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok ? 0 : -1;
}

static SSL_CTX *make_ctx(X509 *leaf, EVP_PKEY *key)
{
    SSL_CTX *t = SSL_CTX_new(TLS_server_method());

    if (t && SSL_CTX_use_certificate(t, leaf) == 1 && SSL_CTX_use_PrivateKey(t, key) == 1) {
        SSL_CTX_set_min_proto_version(t, TLS1_2_VERSION);
        SSL_CTX_set_read_ahead(t, 1);
        SSL_CTX_set_default_read_buffer_len(t, 128 * 1024);
        SSL_CTX_set_mode(t, SSL_MODE_AUTO_RETRY);
        return t;
    }
    SSL_CTX_free(t);
    return NULL;
}

/* Wildcards under a domain of one label are refused by clients, so known buckets are named one by
 * one. */
static void add_names(ts_buf *b, const char *domain, const char *const *buckets)
{
    ts_buf_printf(b,
                  "DNS:%s,DNS:*.%s,DNS:localhost,DNS:*.amazonaws.com,"
                  "DNS:*.s3.us-east-1.amazonaws.com,IP:127.0.0.1",
                  domain, domain);
    for (; *buckets; buckets++)
        ts_buf_printf(b, ",DNS:%s.%s", *buckets, domain);
}

SSL_CTX *ts_tls_new(const ts_options *o, char *why, size_t why_size)
{
    EVP_PKEY *ca_key = make_key(), *key = make_key();
    X509 *ca = NULL, *leaf = NULL;
    SSL_CTX *t = NULL;
    ts_buf names = {0};

    add_names(&names, o->domain, o->buckets);
    ts_copy(why, why_size, "cannot make the certificates");
    if (ca_key && key)
        ca = make_cert("cw test authority", ca_key, NULL, ca_key, NULL, NULL);
    if (ca)
        leaf = make_cert("localhost", key, ca, ca_key, "serverAuth", names.data);
    if (leaf && write_pem(o->ca_file, ca, NULL, NULL, why, why_size) == 0)
        t = make_ctx(leaf, key);
    if (t && o->tls_1_2)
        SSL_CTX_set_max_proto_version(t, TLS1_2_VERSION);
    if (t && o->client_cert &&
        want_client_cert(t, o->client_cert, ca, ca_key, why, why_size) != 0) {
        SSL_CTX_free(t);
        t = NULL;
    }
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    ts_buf_free(&names);
    return t;
}
