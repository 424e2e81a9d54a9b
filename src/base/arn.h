/* arn.h - the Amazon Resource Names that stand in a bucket's place: access points */
#ifndef CW_BASE_ARN_H
#define CW_BASE_ARN_H

#include <stdbool.h>
#include <stddef.h>
#include <cloudwriter/status.h>

/** A piece of a text that somebody else owns. */
typedef struct cw__piece {
    const char *p;
    size_t n;
} cw__piece;

/** arn:PARTITION:SERVICE:REGION:ACCOUNT:accesspoint/NAME, or …:outpost/ID/accesspoint/NAME. */
typedef struct cw__arn {
    cw__piece partition;
    cw__piece service; /* s3, s3-object-lambda, s3-outposts */
    cw__piece region;  /* empty: of more than one region */
    cw__piece account;
    cw__piece outpost; /* empty: none */
    cw__piece name;
} cw__arn;

/**
 * Take an ARN apart that `text` begins with; ':' may stand for each '/' of the resource. What can
 * stand in the name of a host, and nothing else, is in the pieces.
 * @param rest  receives where the ARN ends: at a slash, or at the end of the text
 */
cw_status cw__arn_parse(cw__arn *out, const char *text, const char **rest, cw_error *err);

bool cw__piece_is(cw__piece piece, const char *s);

/** Does a bucket's name begin as an ARN? */
bool cw__is_arn(const char *bucket);

#endif
