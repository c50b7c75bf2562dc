/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that start somebody else's server, which can only be told a port: one that is theirs for as long as the
 * process lives. Looking whether a port is free is not enough: tests run side by side, and a server takes its port only a
 * while after somebody has looked. So who wants one binds an abstract socket of its name first, which the kernel gives
 * to one process at a time and takes back when that ends. Other things of which there is one on the machine are claimed
 * in the same way.
 */
#ifndef BASE_PORT_TEST_H
#define BASE_PORT_TEST_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Below those that the kernel gives away by itself: nobody's connection takes it before the server does. */
enum { PORT_TEST_FIRST = 20000, PORT_TEST_END = 32000 };

static inline bool port_test_claim(const char *what, int number)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "coracle-test-%s-%d", what, number);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ours = fd >= 0 && bind(fd, (struct sockaddr *)&name,
				    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0;
	if (fd >= 0 && !ours)
		close(fd);
	return ours; /* and stays open: that is the claim */
}

static inline bool port_test_is_free(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd >= 0)
		close(fd);
	return is_free;
}

/* Where it looks first is only so that not everybody begins at one place. */
static inline int port_test_take(void)
{
	int n = PORT_TEST_END - PORT_TEST_FIRST;
	for (int i = 0; i < n; i++) {
		int port = PORT_TEST_FIRST + (getpid() * 12 + i) % n;
		if (port_test_claim("port", port) && port_test_is_free(port))
			return port;
	}
	abort();
}

#endif
