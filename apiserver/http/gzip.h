/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large replies for clients that take gzip. Compressing costs ten times what sending costs, so it happens only for who
 * asked, for replies above upstream's threshold (kubernetes/apiserver pkg/endpoints/handlers/responsewriters), in pieces
 * between which the loop serves others, and for a bounded number of replies at a time.
 */
#ifndef HTTP_GZIP_H
#define HTTP_GZIP_H

#include "request/response.h"

#define GZIP_THRESHOLD ((size_t)128 * 1024)
#define GZIP_MAX 16 /* at once; each takes 264 KB while it lasts. Who comes then gets plain bytes */

/* Whether an Accept-Encoding lists gzip with a quality above 0; NULL: no. */
bool gzip_is_taken(const char *accept_encoding);
/* True: rs has become a stream of gzip. A stream that turns out to be short becomes a body. */
bool gzip_response(struct response *rs) MUST_CHECK;

#endif
