/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. */
#ifndef HTTP_BIND_H
#define HTTP_BIND_H

#include "base/err.h"

/* A non-blocking listening socket that shares its port with others of this process. port 0 = any free one;
 *ret_port tells which. -1 on failure. */
int bind_listen(const char *address, int port, int *ret_port, struct err *err) MUST_CHECK;
/* Nobody sits on the port yet: with shared sockets alone a second server would quietly take half of the
 * connections. */
int bind_check_free(const char *address, int port, struct err *err) MUST_CHECK;
/* Lets the process have n open files, or as many as it may. */
void bind_raise_file_limit(unsigned long n);

#endif
