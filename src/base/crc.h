/* crc.h - the CRCs that S3 checks uploads with
 *
 * Each takes the value so far (0 at the start) and answers the value with `n` bytes more, in the
 * finished (inverted) form, so that values can be stored, compared and combined as they are.
 * On x86-64 PCLMULQDQ or VPCLMULQDQ is used where the processor has it, chosen at run time;
 * elsewhere, ARM included, tables. The _portable forms are the tables, and answer the same.
 */
#ifndef CW_BASE_CRC_H
#define CW_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t cw__crc32(uint32_t crc, const void *p, size_t n);     /* reflected 0x04C11DB7, as zlib */
uint32_t cw__crc32c(uint32_t crc, const void *p, size_t n);    /* reflected 0x1EDC6F41 */
uint64_t cw__crc64nvme(uint64_t crc, const void *p, size_t n); /* reflected 0xAD93D23594C93659 */

uint32_t cw__crc32_portable(uint32_t crc, const void *p, size_t n);
uint32_t cw__crc32c_portable(uint32_t crc, const void *p, size_t n);
uint64_t cw__crc64nvme_portable(uint64_t crc, const void *p, size_t n);

/** The CRC of A followed by B, from the two CRCs and the length of B. */
uint32_t cw__crc32_combine(uint32_t a, uint32_t b, uint64_t b_bytes);
uint32_t cw__crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes);
uint64_t cw__crc64nvme_combine(uint64_t a, uint64_t b, uint64_t b_bytes);

#endif
