#include "port/tls_batch.h"
cw__tls_batch *cw__tls_batch_new(const char *v) { (void)v; return NULL; }
void cw__tls_batch_free(cw__tls_batch *batch) { (void)batch; }
bool cw__tls_batch_gather(cw__tls_batch *batch, void *ssl, bool on) { (void)batch; (void)ssl; (void)on; return false; }
