/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gnostic's messages as rows: which key of which message has which number, and what is below it. One table per version of
 * OpenAPI.
 */
#ifndef REST_DISCOVERY_OPENAPI_PB_INTERNAL_H
#define REST_DISCOVERY_OPENAPI_PB_INTERNAL_H

#include <stddef.h>

enum openapi_pb_what {
	PB_TEXT,       /* string; a list of them is repeated */
	PB_FLAG,       /* bool */
	PB_WHOLE,      /* int64 */
	PB_NUMBER,     /* double */
	PB_ANY,	       /* YAML; a list is repeated, where it is told to be */
	PB_ANYS,       /* ... */
	PB_SCALAR,     /* v3: a number, a boolean or a string; of anything else nothing */
	PB_MESSAGE,    /* a list is repeated */
	PB_TEXTS,      /* a message that is nothing but a list of strings, which it holds as 1 */
	PB_EITHER,     /* v3: the message as 1, or a reference as 2; a list is repeated */
	PB_PARAMETER,  /* v2: which one depends on what it says */
	PB_ADDITIONAL, /* a schema or a boolean */
};

struct openapi_pb_row {
	int in;		 /* message; a table has its own numbers for them */
	const char *key; /* "*": any, with its name beside the value */
	unsigned number;
	unsigned inner; /* number inside of a message that holds nothing else; 0 = there is none */
	enum openapi_pb_what what;
	int below;
};

struct openapi_pb_table {
	const struct openapi_pb_row *rows;
	size_t n_rows;
	const unsigned *extensions; /* by message: number of what begins with x-; 0: there is none */
	size_t n_extensions;
	int reference; /* message */
	/* v2: of parameters */
	int body, query, path;
};
extern const struct openapi_pb_table openapi_pb_v2, openapi_pb_v3; /* the document is message 0 */

#endif
