/* arn.c - the Amazon Resource Names that stand in a bucket's place: access points */
#include "base/arn.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { LONGEST_LABEL = 63, SHOWN = 200 };

static const char *const FORM = "write s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/key";

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(cw__piece piece, bool dots)
{
    if (piece.n == 0 || piece.n > LONGEST_LABEL || !is_alnum(piece.p[0]))
        return false;
    for (size_t i = 1; i < piece.n; i++)
        if (!is_alnum(piece.p[i]) && piece.p[i] != '-' && !(dots && piece.p[i] == '.'))
            return false;
    return true;
}

/* Up to one of `ends`, which is passed over. */
static cw__piece next(const char **at, const char *ends)
{
    cw__piece piece = {*at, strcspn(*at, ends)};
    *at += piece.n;
    *at += **at != '\0';
    return piece;
}

static const char *read_resource(cw__arn *out, const char **at)
{
    cw__piece kind = next(at, ":/");
    if (cw__piece_is(out->service, "s3-outposts")) {
        if (!cw__piece_is(kind, "outpost"))
            return "its resource is no outpost";
        out->outpost = next(at, ":/");
        if (!is_label(out->outpost, false))
            return "the id of the outpost has other characters than letters, digits and '-'";
        kind = next(at, ":/");
    }
    if (!cw__piece_is(kind, "accesspoint"))
        return "its resource is no access point";
    out->name = (cw__piece){*at, strcspn(*at, ":/")};
    *at += out->name.n;
    if (out->name.n == 0)
        return "it names no access point";
    return **at == ':' ? "something stands behind the name of the access point" : NULL;
}

/* What is wrong with it; NULL: nothing. */
static const char *read_arn(cw__arn *out, const char **at)
{
    (void)next(at, ":");
    out->partition = next(at, ":");
    out->service = next(at, ":");
    out->region = next(at, ":");
    out->account = next(at, ":");
    bool s3 = cw__piece_is(out->service, "s3"), anywhere = s3 && out->region.n == 0;
    if (!s3 && !cw__piece_is(out->service, "s3-object-lambda") &&
        !cw__piece_is(out->service, "s3-outposts"))
        return "it is not of S3";
    if (!anywhere && !is_label(out->region, false))
        return "its region is none";
    if (!is_label(out->account, false))
        return "its account has other characters than letters, digits and '-'";
    const char *wrong = read_resource(out, at);
    if (!wrong && !is_label(out->name, anywhere))
        wrong = "the name of the access point has other characters than letters, digits and '-'";
    return wrong;
}

cw_status cw__arn_parse(cw__arn *out, const char *text, const char **rest, cw_error *err)
{
    *out = (cw__arn){0};
    *rest = text;
    const char *wrong = read_arn(out, rest);
    if (!wrong)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "'s3://%.*s' is no ARN of an access point: %s; %s",
                    SHOWN, text, wrong, FORM);
}

bool cw__piece_is(cw__piece piece, const char *s)
{
    return strlen(s) == piece.n && (piece.n == 0 || memcmp(piece.p, s, piece.n) == 0);
}

bool cw__is_arn(const char *bucket)
{
    return cw__starts_with(bucket, "arn:");
}
