/* xml.c - a service's reply as a tree, by libxml2's parser
 *
 * libxml2 tells what it parses (SAX2), and the tree is ours: a list has six elements for each key,
 * and one allocation for each of these and of their texts, as in libxml2's own tree, costs more
 * than the parsing. Nodes and texts lie in a few large blocks, names in libxml2's dictionary; both
 * are of libxml2's memory, as is all that the parser takes.
 *
 * The parser is told to stop at the first sign of a DTD, before it reads one entity, so nothing can
 * be expanded or fetched. It prints through a global error function unless there is a structured
 * one; ours says nothing, is in place in this thread only while a document is parsed, and gives way
 * to the program's after.
 */
#include "port/xml.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

enum { LARGEST_DOCUMENT = 16 * 1024 * 1024, LEAST_BLOCK = 1024, USUAL_BLOCK = 64 * 1024 };

typedef struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
} block;

struct cw__xml_node {
    const char *name; /* in the dictionary */
    char *text;       /* its own, not its children's; NULL: none */
    size_t text_bytes;
    cw__xml_node *parent, *first, *last, *next;
};

struct cw__xml {
    block *blocks; /* the newest first */
    xmlDictPtr names;
    cw__xml_node *root;

    /* while it is built */
    const cw__xml_watch *watch;
    cw__xml_node *at; /* the innermost element that is open */
    size_t block_bytes;
    bool has_dtd, out_of_memory;
};

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_arg;
#else
typedef xmlErrorPtr error_arg;
#endif

static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static void init_parser(void)
{
    xmlInitParser();
}

static void say_nothing(void *user, error_arg error)
{
    (void)user;
    (void)error;
}

/* ---- building ---- */

static void stop(xmlParserCtxtPtr ctxt, bool *why)
{
    *why = true;
    xmlStopParser(ctxt);
}

static void refuse_dtd(void *parser, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = parser;
    cw__xml *x = ctxt->_private;
    (void)name, (void)external, (void)system;
    stop(ctxt, &x->has_dtd);
}

static block *add_block(cw__xml *x, size_t least)
{
    size_t size = least > x->block_bytes ? least : x->block_bytes;
    block *b = xmlMalloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (block){.next = x->blocks, .size = size};
    x->blocks = b;
    return b;
}

static void *take(cw__xml *x, size_t n, size_t alignment)
{
    block *b = x->blocks;
    size_t from = b ? (b->used + alignment - 1) / alignment * alignment : 0;
    if (!b || from > b->size || n > b->size - from) {
        b = add_block(x, n);
        from = 0;
    }
    if (!b)
        return NULL;
    b->used = from + n;
    return (char *)b->bytes + from;
}

static void on_start(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces, const xmlChar **declared, int attributes, int defaulted,
                     const xmlChar **values)
{
    xmlParserCtxtPtr ctxt = parser;
    cw__xml *x = ctxt->_private;
    cw__xml_node *node = take(x, sizeof *node, _Alignof(cw__xml_node)), *parent = x->at;
    (void)prefix, (void)uri, (void)namespaces, (void)declared;
    (void)attributes, (void)defaulted, (void)values;
    if (!node) {
        stop(ctxt, &x->out_of_memory);
        return;
    }
    *node = (cw__xml_node){.name = (const char *)name, .parent = parent};
    if (!parent)
        x->root = node;
    else if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    if (parent)
        parent->last = node;
    x->at = node;
}

static void on_end(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    xmlParserCtxtPtr ctxt = parser;
    cw__xml *x = ctxt->_private;
    const cw__xml_node *node = x->at;
    (void)name, (void)prefix, (void)uri;
    x->at = node->parent;
    if (x->watch && node->text && x->at == x->root && strcmp(node->name, x->watch->name) == 0)
        x->watch->found(x->watch->user, node->text);
}

/* Room for `n` more and the NUL: behind the text where it can grow, else in a larger place. */
static bool grow_text(cw__xml *x, cw__xml_node *node, size_t n)
{
    block *b = x->blocks;
    size_t old = node->text_bytes;
    if (node->text && node->text + old + 1 == (char *)b->bytes + b->used &&
        n <= b->size - b->used) {
        b->used += n;
        return true;
    }
    char *text = take(x, old + n + 1, 1);
    if (text && node->text)
        memcpy(text, node->text, old);
    node->text = text;
    return text != NULL;
}

/* What stands between children is not looked at by anyone. */
static void on_text(void *parser, const xmlChar *p, int n)
{
    xmlParserCtxtPtr ctxt = parser;
    cw__xml *x = ctxt->_private;
    cw__xml_node *node = x->at;
    if (n <= 0 || !node || node->first)
        return;
    if (!grow_text(x, node, (size_t)n)) {
        stop(ctxt, &x->out_of_memory);
        return;
    }
    memcpy(node->text + node->text_bytes, p, (size_t)n);
    node->text_bytes += (size_t)n;
    node->text[node->text_bytes] = '\0';
}

/* ---- parsing ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void listen(xmlParserCtxtPtr ctxt, cw__xml *x)
{
    *ctxt->sax = (xmlSAXHandler){.initialized = XML_SAX2_MAGIC,
                                 .internalSubset = refuse_dtd,
                                 .startElementNs = on_start,
                                 .endElementNs = on_end,
                                 .characters = on_text,
                                 .ignorableWhitespace = on_text};
    ctxt->_private = x;
}

/** Parse with a context; `err` is filled unless it is one whole document. */
static cw_status read_document(cw__xml *x, xmlParserCtxtPtr ctxt, const char *p, size_t n,
                               cw_error *err)
{
    listen(ctxt, x);
    xmlFreeDoc(xmlCtxtReadMemory(ctxt, p, (int)n, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    const xmlError *last = xmlCtxtGetLastError(ctxt);
    if (x->has_dtd)
        return cw__fail(err, CW_E_PROTOCOL,
                        "the reply has a document type declaration, which is refused");
    if (x->out_of_memory || (last && last->code == XML_ERR_NO_MEMORY))
        return cw__fail_memory(err, "reading an XML reply");
    if (!ctxt->wellFormed || !x->root)
        return cw__fail(err, CW_E_PROTOCOL,
                        "the reply is not a whole, well-formed XML document (line %d)",
                        last ? last->line : 0);
    x->names = ctxt->dict;
    xmlDictReference(x->names);
    return CW_OK;
}

/** read_document with a context of its own. */
static cw_status parse_silently(cw__xml *x, const char *p, size_t n, cw_error *err)
{
    cw_status st;
    xmlStructuredErrorFunc programs_function = xmlStructuredError;
    void *programs_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, say_nothing);

    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    if (ctxt)
        st = read_document(x, ctxt, p, n, err);
    else
        st = cw__fail_memory(err, "reading an XML reply");
    xmlFreeParserCtxt(ctxt);

    xmlResetLastError();
    xmlSetStructuredErrorFunc(programs_context, programs_function);
    return st;
}

cw_status cw__xml_parse_watched(cw__xml **out, const char *p, size_t n, const cw__xml_watch *watch,
                                cw_error *err)
{
    *out = NULL;
    pthread_once(&parser_once, init_parser);
    while (n > 0 && is_space(*p)) {
        p++;
        n--;
    }
    if (n == 0)
        return cw__fail(err, CW_E_PROTOCOL, "the reply is empty where XML was expected");
    if (n > LARGEST_DOCUMENT)
        return cw__fail(err, CW_E_PROTOCOL, "the XML reply has %zu bytes, more than %d", n,
                        (int)LARGEST_DOCUMENT);
    cw__xml *x = xmlMalloc(sizeof *x);
    if (!x)
        return cw__fail_memory(err, "reading an XML reply");
    size_t block_bytes = n < LEAST_BLOCK ? LEAST_BLOCK : n < USUAL_BLOCK ? n : USUAL_BLOCK;
    *x = (cw__xml){.watch = watch, .block_bytes = block_bytes};
    cw_status st = parse_silently(x, p, n, err);
    if (st == CW_OK)
        *out = x;
    else
        cw__xml_free(x);
    return st;
}

cw_status cw__xml_parse(cw__xml **out, const char *p, size_t n, cw_error *err)
{
    return cw__xml_parse_watched(out, p, n, NULL, err);
}

void cw__xml_free(cw__xml *x)
{
    if (!x)
        return;
    while (x->blocks) {
        block *b = x->blocks;
        x->blocks = b->next;
        xmlFree(b);
    }
    if (x->names)
        xmlDictFree(x->names);
    xmlFree(x);
}

/* ---- reading it ---- */

const cw__xml_node *cw__xml_root(const cw__xml *x)
{
    return x->root;
}

const char *cw__xml_name(const cw__xml_node *node)
{
    return node->name;
}

/** `node` itself or the first sibling after it of that name. */
static const cw__xml_node *find_element(const cw__xml_node *node, const char *name)
{
    while (node && strcmp(node->name, name) != 0)
        node = node->next;
    return node;
}

const cw__xml_node *cw__xml_child(const cw__xml_node *node, const char *name)
{
    return node ? find_element(node->first, name) : NULL;
}

const cw__xml_node *cw__xml_next(const cw__xml_node *node)
{
    return find_element(node->next, node->name);
}

const cw__xml_node *cw__xml_first(const cw__xml_node *node)
{
    return node ? node->first : NULL;
}

const cw__xml_node *cw__xml_after(const cw__xml_node *node)
{
    return node->next;
}

static const char *text_of(const cw__xml_node *node)
{
    return node && node->text ? node->text : "";
}

char *cw__xml_child_text(const cw__xml_node *node, const char *name)
{
    const cw__xml_node *child = cw__xml_child(node, name);
    return child ? cw__strdup(text_of(child)) : NULL;
}

void cw__xml_copy_own_text(const cw__xml_node *node, char *out, size_t size)
{
    cw__copy_string(out, size, text_of(node));
}

void cw__xml_copy_text(const cw__xml_node *node, const char *name, char *out, size_t size)
{
    cw__xml_copy_own_text(cw__xml_child(node, name), out, size);
}
