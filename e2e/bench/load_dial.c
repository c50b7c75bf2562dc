/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What probes cost at least: the same connections and requests as a node agent's, by bare socket calls, one after another at a
 * steady rate. What is left between this and the agent is the agent's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "load_internal.h"

#define PATIENCE_MS 5000

static void fail(const char *what)
{
	struct err err = ERR_INIT;
	(void)err_errno(&err, "%s", what);
	load_die(&err);
}

static void await(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	if (poll(&p, 1, PATIENCE_MS) != 1)
		fail("waiting for the server");
}

static int dial(const struct sockaddr_in *a)
{
	int on = 1, e = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t n = sizeof(e);
	if (fd < 0)
		fail("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0)
		return fd;
	if (errno != EINPROGRESS)
		fail("connect");
	await(fd, POLLOUT);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0 || e) {
		errno = e;
		fail("connect");
	}
	return fd;
}

static void get(int fd, const char *request, size_t length)
{
	char answer[4096];
	ssize_t n;
	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail("send");
	do {
		await(fd, POLLIN);
		n = recv(fd, answer, sizeof(answer), 0);
	} while (n > 0);
	if (n < 0)
		fail("recv");
}

void load_dials(char **a)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(a[1], NULL, 10))};
	unsigned long rate = strtoul(a[2], NULL, 10), n = rate * strtoul(a[3], NULL, 10);
	char request[256];
	if (inet_pton(AF_INET, a[0], &to.sin_addr) != 1 || !n) {
		errno = EINVAL;
		fail("dials ADDRESS PORT RATE SECONDS");
	}
	int length = snprintf(
		request, sizeof(request),
		"GET / HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: bench\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		a[0], a[1]);
	double cpu = load_cpu_s();
	int64_t begin = clock_mono_ns(), at = begin;
	for (unsigned long i = 0; i < n; i++, at += NS_PER_S / (int64_t)rate) {
		struct timespec until = {at / NS_PER_S, at % NS_PER_S};
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
			;
		int fd = dial(&to);
		if (i % 2)
			get(fd, request, (size_t)length);
		close(fd);
	}
	printf("dials_percent=%.2f\n",
	       (load_cpu_s() - cpu) * 100 / ((double)(clock_mono_ns() - begin) / (double)NS_PER_S));
}
