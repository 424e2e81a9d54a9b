/* xml.h - a service's reply as a tree (libxml2)
 *
 * Strict: a reply that is cut off or not well-formed is no tree at all. Entities beyond the five
 * of XML, DTDs and network access are refused. Names are compared without their namespace. White
 * space before the document is skipped: a service may send it to keep the connection alive.
 */
#ifndef CW_PORT_XML_H
#define CW_PORT_XML_H

#include <stddef.h>
#include <cloudwriter/status.h>

typedef struct cw__xml cw__xml;
typedef struct cw__xml_node cw__xml_node; /* lives as long as its tree */

/**
 * Parse `n` bytes. Thread-safe; never prints.
 * @return CW_OK; CW_E_PROTOCOL when it is not one whole document, or larger than 16 MiB (a page
 *         of a list has 1,000 keys of 1 KiB, at most 3 MiB encoded); CW_E_NO_MEMORY
 */
cw_status cw__xml_parse(cw__xml **out, const char *p, size_t n, cw_error *err);
/** Hear of the text of a child of the root while the rest of the document is still being parsed,
 *  and may yet turn out not to be one. NULL: of none. */
typedef struct cw__xml_watch {
    const char *name;
    void (*found)(void *user, const char *text);
    void *user;
} cw__xml_watch;

cw_status cw__xml_parse_watched(cw__xml **out, const char *p, size_t n, const cw__xml_watch *watch,
                                cw_error *err);
void cw__xml_free(cw__xml *x);

const cw__xml_node *cw__xml_root(const cw__xml *x);
const char *cw__xml_name(const cw__xml_node *node);

/** The first child element of that name, or NULL. `node` may be NULL. */
const cw__xml_node *cw__xml_child(const cw__xml_node *node, const char *name);

/** The next sibling element of the same name, or NULL. */
const cw__xml_node *cw__xml_next(const cw__xml_node *node);

/** The first child element, and the next sibling element, of any name; or NULL. */
const cw__xml_node *cw__xml_first(const cw__xml_node *node);
const cw__xml_node *cw__xml_after(const cw__xml_node *node);

/** The text of the first child of that name, allocated (cw__free); NULL when there is none. */
char *cw__xml_child_text(const cw__xml_node *node, const char *name);

/** The same into a fixed buffer, truncated, "" when there is none. */
void cw__xml_copy_text(const cw__xml_node *node, const char *name, char *out, size_t size);

/** The same of the node itself. */
void cw__xml_copy_own_text(const cw__xml_node *node, char *out, size_t size);

#endif
