/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals that are HTTP's and have no reason of their own in the API, as a Status. Any thread. */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include <stdbool.h>
#include "base/buf.h"

/* The body; an unknown status is 400. */
void refusal_write(struct buf *b, unsigned status);
/* All of the reply, straight into the TLS session (gnutls_session_t). That is ended, so that what the library then writes
   fails, and it closes the connection. Whether it went out. */
bool refusal_send(void *tls, unsigned status);

#endif
