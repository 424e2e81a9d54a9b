/* xml.c - a service's reply as a tree, by libxml2's tree parser
 *
 * A tree is libxml2's own document and nodes under another name. The parser is told to stop at the
 * first sign of a DTD, before it reads one entity, so nothing can be expanded or fetched. It prints
 * through a global error function unless there is a structured one; ours says nothing, is in
 * place in this thread only while a document is parsed, and gives way to the program's after.
 */
#include "port/xml.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

enum { LARGEST_DOCUMENT = 16 * 1024 * 1024 };

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

static void refuse_dtd(void *parser, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = parser;
    bool *refused = ctxt->_private;
    (void)name, (void)external, (void)system;
    *refused = true;
    xmlStopParser(ctxt);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/** Parse with a context that is set up; NULL with `err` filled unless it is one whole document. */
static xmlDocPtr read_document(xmlParserCtxtPtr ctxt, const char *p, size_t n, cw_error *err)
{
    bool dtd = false;
    ctxt->_private = &dtd;
    ctxt->sax->internalSubset = refuse_dtd;
    xmlDocPtr doc = xmlCtxtReadMemory(ctxt, p, (int)n, NULL, NULL,
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    const xmlError *last = xmlCtxtGetLastError(ctxt);
    if (doc && !dtd && xmlDocGetRootElement(doc))
        return doc;
    xmlFreeDoc(doc);
    if (dtd)
        cw__fail(err, CW_E_PROTOCOL, "the reply has a document type declaration, which is refused");
    else if (last && last->code == XML_ERR_NO_MEMORY)
        cw__fail_memory(err, "reading an XML reply");
    else
        cw__fail(err, CW_E_PROTOCOL, "the reply is not a whole, well-formed XML document (line %d)",
                 last ? last->line : 0);
    return NULL;
}

/** read_document with a context of its own. */
static xmlDocPtr parse_silently(const char *p, size_t n, cw_error *err)
{
    xmlDocPtr doc = NULL;
    xmlStructuredErrorFunc programs_function = xmlStructuredError;
    void *programs_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, say_nothing);

    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    if (ctxt)
        doc = read_document(ctxt, p, n, err);
    else
        cw__fail_memory(err, "reading an XML reply");
    xmlFreeParserCtxt(ctxt);

    xmlResetLastError();
    xmlSetStructuredErrorFunc(programs_context, programs_function);
    return doc;
}

static const xmlNode *as_node(const cw__xml_node *node)
{
    return (const xmlNode *)node;
}

/** `node` itself or the first sibling after it that is an element of that name. */
static const xmlNode *find_element(const xmlNode *node, const char *name)
{
    while (node && (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0))
        node = node->next;
    return node;
}

cw_status cw__xml_parse(cw__xml **out, const char *p, size_t n, cw_error *err)
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
    cw_error why = {0};
    *out = (cw__xml *)parse_silently(p, n, &why);
    if (*out)
        return CW_OK;
    cw__error_copy(err, &why);
    return why.status;
}

void cw__xml_free(cw__xml *x)
{
    xmlFreeDoc((xmlDocPtr)x);
}

const cw__xml_node *cw__xml_root(const cw__xml *x)
{
    return (const cw__xml_node *)xmlDocGetRootElement((const xmlDoc *)x);
}

const char *cw__xml_name(const cw__xml_node *node)
{
    return (const char *)as_node(node)->name;
}

const cw__xml_node *cw__xml_child(const cw__xml_node *node, const char *name)
{
    return node ? (const cw__xml_node *)find_element(as_node(node)->children, name) : NULL;
}

const cw__xml_node *cw__xml_next(const cw__xml_node *node)
{
    const xmlNode *at = as_node(node);
    return (const cw__xml_node *)find_element(at->next, (const char *)at->name);
}

static const cw__xml_node *any_element(const xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return (const cw__xml_node *)node;
}

const cw__xml_node *cw__xml_first(const cw__xml_node *node)
{
    return node ? any_element(as_node(node)->children) : NULL;
}

const cw__xml_node *cw__xml_after(const cw__xml_node *node)
{
    return any_element(as_node(node)->next);
}

char *cw__xml_child_text(const cw__xml_node *node, const char *name)
{
    const cw__xml_node *child = cw__xml_child(node, name);
    if (!child)
        return NULL;
    xmlChar *text = xmlNodeGetContent(as_node(child));
    char *copy = cw__strdup((const char *)text);
    xmlFree(text);
    return copy;
}

void cw__xml_copy_own_text(const cw__xml_node *node, char *out, size_t size)
{
    xmlChar *text = node ? xmlNodeGetContent(as_node(node)) : NULL;
    cw__copy_string(out, size, text ? (const char *)text : "");
    xmlFree(text);
}

void cw__xml_copy_text(const cw__xml_node *node, const char *name, char *out, size_t size)
{
    cw__xml_copy_own_text(cw__xml_child(node, name), out, size);
}
