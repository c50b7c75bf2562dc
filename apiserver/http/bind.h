/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and listening sockets. */
#ifndef HTTP_BIND_H
#define HTTP_BIND_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include "base/err.h"

union bind_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};
/* A non-blocking listening socket. port 0 = any free one; *ret_port tells which. -1 on failure. */
int bind_listen(const char *address, int port, int *ret_port, struct err *err) MUST_CHECK;
/* Lets the process have n open files, or as many as it may: returned is how many, n at most. */
size_t bind_raise_file_limit(size_t n);

#endif
