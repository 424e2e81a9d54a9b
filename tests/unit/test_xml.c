/* test_xml.c - replies as S3 documents them, whole, cut off, and hostile */
#include "harness.h"

#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "port/xml.h"

/* Shapes from the API reference: Complete, Create, Error, ListMultipartUploads, ListParts. */
static const char complete[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
    " <Location>http://Example-Bucket.s3.us-west-2.amazonaws.com/Example-Object</Location>\n"
    " <Bucket>Example-Bucket</Bucket>\n"
    " <Key>Example-Object</Key>\n"
    " <ETag>\"3858f62230ac3c915f300c664312c11f-9\"</ETag>\n"
    "</CompleteMultipartUploadResult>";

static const char create[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Bucket>example-bucket</Bucket><Key>a &amp; b &lt;c&gt; &quot;d&quot; &apos;e&apos; "
    "&#233;&#x1F600;</Key>"
    "<UploadId>VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA</UploadId>"
    "</InitiateMultipartUploadResult>";

static const char error[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<Error>\n"
                            "  <Code>NoSuchKey</Code>\n"
                            "  <Message>The resource you requested does not exist</Message>\n"
                            "  <Resource>/mybucket/myfoto.jpg</Resource> \n"
                            "  <RequestId>4442587FB7D0A2F9</RequestId>\n"
                            "</Error>";

static const char uploads[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
    "  <Bucket>bucket</Bucket>\n"
    "  <KeyMarker></KeyMarker>\n"
    "  <UploadIdMarker/>\n"
    "  <NextKeyMarker>my-movie.m2ts</NextKeyMarker>\n"
    "  <MaxUploads>3</MaxUploads>\n"
    "  <IsTruncated>true</IsTruncated>\n"
    "  <Upload>\n"
    "    <Key>my-divisor</Key>\n"
    "    <UploadId>XMgbGlrZSBlbHZpbmcncyBub3QgaGF2aW5nIG11Y2ggbHVjaw</UploadId>\n"
    "    <Initiator><ID>arn:aws:iam::111122223333:user/user1</ID></Initiator>\n"
    "    <StorageClass>STANDARD</StorageClass>\n"
    "    <Initiated>2010-11-10T20:48:33.000Z</Initiated>\n"
    "  </Upload>\n"
    "  <!-- a comment between -->\n"
    "  <Upload>\n"
    "    <Key>my-movie.m2ts</Key>\n"
    "    <UploadId>VXBsb2FkIElEIGZvciBlbHZpbcyBteS1tb3ZpZS5tMnRzIHVwbG9hZA</UploadId>\n"
    "  </Upload>\n"
    "  <CommonPrefixes><Prefix>photos/</Prefix></CommonPrefixes>\n"
    "</ListMultipartUploadsResult>\n";

static const char parts[] =
    "<?xml version='1.0' encoding='UTF-8'?>\r\n"
    "<s3:ListPartsResult xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<s3:Part><s3:PartNumber>2</s3:PartNumber><s3:ETag>&quot;7778aef83f66&quot;</s3:ETag></s3:Part>"
    "<s3:Part><s3:PartNumber>3</s3:PartNumber><s3:ETag><![CDATA[\"aaaa18db4cc2\"]]></s3:ETag>"
    "</s3:Part></s3:ListPartsResult>";

static cw__xml *parse(const char *s)
{
    cw__xml *x = NULL;
    cw_error err = {0};
    CHECK_OK(cw__xml_parse(&x, s, strlen(s), &err), err);
    REQUIRE(x);
    return x;
}

static void check_text(const cw__xml_node *node, const char *name, const char *want)
{
    char fixed[256];
    char *text = cw__xml_child_text(node, name);
    cw__xml_copy_text(node, name, fixed, sizeof fixed);
    CHECK_STR(text, want);
    CHECK_STR(fixed, want);
    cw__free(text);
}

static void reads_a_reply(void)
{
    cw__xml *x = parse(complete);
    const cw__xml_node *root = cw__xml_root(x);
    CHECK_STR(cw__xml_name(root), "CompleteMultipartUploadResult");
    check_text(root, "ETag", "\"3858f62230ac3c915f300c664312c11f-9\"");
    check_text(root, "Key", "Example-Object");
    cw__xml_free(x);

    x = parse(create);
    check_text(cw__xml_root(x), "Key", "a & b <c> \"d\" 'e' \xc3\xa9\xf0\x9f\x98\x80");
    cw__xml_free(x);

    x = parse(error);
    CHECK_STR(cw__xml_name(cw__xml_root(x)), "Error");
    check_text(cw__xml_root(x), "Code", "NoSuchKey");
    cw__xml_free(x);
    cw__xml_free(NULL);
}

static void walks_a_list(void)
{
    cw__xml *x = parse(uploads);
    const cw__xml_node *root = cw__xml_root(x);
    const cw__xml_node *upload = cw__xml_child(root, "Upload");
    REQUIRE(upload);
    check_text(upload, "Key", "my-divisor");
    check_text(cw__xml_child(upload, "Initiator"), "ID", "arn:aws:iam::111122223333:user/user1");
    upload = cw__xml_next(upload);
    REQUIRE(upload);
    check_text(upload, "Key", "my-movie.m2ts");
    CHECK(!cw__xml_next(upload));
    check_text(root, "KeyMarker", "");
    check_text(root, "UploadIdMarker", "");
    cw__xml_free(x);
}

static void ignores_namespaces(void)
{
    cw__xml *x = parse(parts);
    CHECK_STR(cw__xml_name(cw__xml_root(x)), "ListPartsResult");
    const cw__xml_node *part = cw__xml_child(cw__xml_root(x), "Part");
    REQUIRE(part);
    check_text(part, "ETag", "\"7778aef83f66\"");
    part = cw__xml_next(part);
    REQUIRE(part);
    check_text(part, "ETag", "\"aaaa18db4cc2\"");
    cw__xml_free(x);
}

static void what_is_not_there(void)
{
    char fixed[4] = "xxx";
    cw__xml *x = parse("<r><a>12345</a><b/></r>");
    const cw__xml_node *root = cw__xml_root(x);
    CHECK(!cw__xml_child(root, "c"));
    CHECK(!cw__xml_child(NULL, "c"));
    CHECK(!cw__xml_child(cw__xml_child(root, "b"), "c"));
    CHECK(!cw__xml_child_text(root, "c"));
    CHECK(!cw__xml_child_text(NULL, "c"));
    cw__xml_copy_text(root, "c", fixed, sizeof fixed);
    CHECK_STR(fixed, "");
    cw__xml_copy_text(NULL, "c", fixed, sizeof fixed);
    CHECK_STR(fixed, "");
    cw__xml_copy_text(root, "a", fixed, sizeof fixed);
    CHECK_STR(fixed, "123");
    cw__xml_free(x);
}

static void white_space_before(void)
{
    static char text[100000];
    memset(text, ' ', sizeof text);
    text[1] = '\n';
    memcpy(text + sizeof text - sizeof complete, complete, sizeof complete);
    cw__xml *x = parse(text);
    check_text(cw__xml_root(x), "Key", "Example-Object");
    cw__xml_free(x);
}

static void check_refused(const char *p, size_t n)
{
    cw__xml *x = (cw__xml *)p;
    cw_error err = {0};
    char *copy = malloc(n ? n : 1); /* of just this size, so that reading on is seen */
    REQUIRE(copy);
    if (n)
        memcpy(copy, p, n);
    CHECK_STATUS(cw__xml_parse(&x, copy, n, &err), CW_E_PROTOCOL, err);
    CHECK_INT(err.status, CW_E_PROTOCOL);
    CHECK(err.message[0]);
    CHECK(!x);
    CHECK_INT(cw__xml_parse(&x, copy, n, NULL), CW_E_PROTOCOL);
    free(copy);
}

static void cut_off_anywhere(void)
{
    static const char *const replies[] = {complete, create, error, uploads, parts};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        size_t whole = strlen(replies[i]);
        while (replies[i][whole - 1] != '>')
            whole--;
        for (size_t n = 0; n < whole; n++)
            check_refused(replies[i], n);
    }
}

static void malformed(void)
{
    static const char *const bad[] = {
        "   \r\n\t ",
        "not xml at all",
        "<html><body>502 Bad Gateway<br></body></html>",
        "<a></b>",
        "<a></a><b></b>",
        "<a></a>garbage",
        "<a>&undefined;</a>",
        "<a>&#0;</a>",
        "<a>\xff\xfe\xff</a>",
        "<?xml version='1.0' encoding='no-such-encoding'?><a>x</a>",
        "<a b='1' b='2'/>",
        "<a>\x01</a>",
        "{\"code\":\"NotXml\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(bad[i], strlen(bad[i]));
    check_refused("<a>\0</a>", 8);
}

static void doctypes_and_entities(void)
{
    static const char *const bad[] = {
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;]><a/>",
        "<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
        "]><l>&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;</l>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(bad[i], strlen(bad[i]));
}

static void too_large_or_too_deep(void)
{
    enum { BYTES = 17 * 1024 * 1024, DEPTH = 100000 };
    char *text = malloc(BYTES);
    REQUIRE(text);
    memset(text, 'x', BYTES);
    memcpy(text, "<a>", 3);
    memcpy(text + BYTES - 4, "</a>", 4);
    check_refused(text, BYTES);
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(text + 3 * i, "<a>", 3);
        memcpy(text + (size_t)3 * DEPTH + 4 * i, "</a>", 4);
    }
    check_refused(text, (size_t)7 * DEPTH);
    free(text);
}

/** Everything malformed once more, with standard error in a pipe that must stay empty. */
static void never_prints(void)
{
    int ends[2], saved = dup(STDERR_FILENO);
    char seen[256];
    REQUIRE(saved >= 0 && pipe(ends) == 0);
    REQUIRE(dup2(ends[1], STDERR_FILENO) >= 0);
    malformed();
    doctypes_and_entities();
    fflush(stderr);
    REQUIRE(dup2(saved, STDERR_FILENO) >= 0);
    close(ends[1]);
    close(saved);
    ssize_t n = read(ends[0], seen, sizeof seen - 1);
    CHECK_INT(n, 0);
    if (n > 0)
        fprintf(stderr, "    printed: %.*s\n", (int)n, seen);
    close(ends[0]);
}

static void *parse_often(void *failures)
{
    int *bad = failures;
    for (int i = 0; i < 300; i++) {
        cw__xml *x;
        *bad += cw__xml_parse(&x, uploads, strlen(uploads), NULL) != CW_OK;
        cw__xml_free(x);
        *bad += cw__xml_parse(&x, uploads, strlen(uploads) / 2, NULL) != CW_E_PROTOCOL;
    }
    return NULL;
}

static void from_many_threads(void)
{
    pthread_t thread[4];
    int bad[4] = {0};
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&thread[i], NULL, parse_often, &bad[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        CHECK_INT(bad[i], 0);
    }
}

int main(int argc, char **argv)
{
    TEST(from_many_threads); /* first, so that the initialisation itself is raced for */
    TEST(reads_a_reply);
    TEST(walks_a_list);
    TEST(ignores_namespaces);
    TEST(what_is_not_there);
    TEST(white_space_before);
    TEST(cut_off_anywhere);
    TEST(malformed);
    TEST(doctypes_and_entities);
    TEST(too_large_or_too_deep);
    TEST(never_prints);
    return test_end();
}
