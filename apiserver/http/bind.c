/* SPDX-License-Identifier: Apache-2.0 */
#include "http/bind.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/mem.h"

#define BACKLOG 1024

static int parse(const char *text, int port, union bind_address *a, socklen_t *len, struct err *err)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		*len = sizeof(a->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		*len = sizeof(a->v6);
		return 0;
	}
	return err_set(err, REASON_INVALID, "--bind-address %s is no IP address", text);
}

int bind_listen(const char *address, int port, int *ret_port, struct err *err)
{
	union bind_address a;
	socklen_t len;
	int on = 1;
	if (parse(address, port, &a, &len, err) < 0)
		return -1;
	autoclose int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.sa, len) < 0 || listen(fd, BACKLOG) < 0)
		return err_errno(err, "cannot listen on %s port %d", address, port);
	if (getsockname(fd, &a.sa, &len) < 0)
		return err_errno(err, "getsockname");
	*ret_port = ntohs(a.sa.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	int ret = fd;
	fd = -1;
	return ret;
}

size_t bind_raise_file_limit(size_t n)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= n)
		return n;
	rlim_t had = r.rlim_cur;
	r.rlim_cur = r.rlim_max < n ? r.rlim_max : n;
	return (size_t)(setrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : had);
}
