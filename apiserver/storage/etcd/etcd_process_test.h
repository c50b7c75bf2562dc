/* SPDX-License-Identifier: Apache-2.0 */
/* A real etcd of the test's own, on free loopback ports, in a directory of its own. */
#ifndef STORAGE_ETCD_ETCD_PROCESS_TEST_H
#define STORAGE_ETCD_ETCD_PROCESS_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/port_test.h"

struct etcd_process {
	pid_t pid;
	int client_port, peer_port;
	char dir[128], url[64];
	/* of a member of a cluster; else NULL */
	const char *name, *cluster;
	const char *
		pki; /* a folder with ca.crt, server.crt and server.key: clients need certificates; NULL: no TLS */
};

static inline void etcd_run(struct etcd_process *e)
{
	char peer[64], alone[80], file[3][160];
	const char *argv[32] = {"etcd", "--data-dir", e->dir, "--name", e->name ? e->name : "default"};
	const char *const pki_flags[] = {"--trusted-ca-file", "--cert-file", "--key-file"};
	const char *const pki_names[] = {"ca.crt", "server.crt", "server.key"};
	size_t n = 5;
	snprintf(e->url, sizeof(e->url), "%s://127.0.0.1:%d", e->pki ? "https" : "http", e->client_port);
	snprintf(peer, sizeof(peer), "http://127.0.0.1:%d", e->peer_port);
	snprintf(alone, sizeof(alone), "default=%s", peer);
	const char *const urls[] = {"--listen-client-urls",
				    e->url,
				    "--advertise-client-urls",
				    e->url,
				    "--listen-peer-urls",
				    peer,
				    "--initial-advertise-peer-urls",
				    peer,
				    "--initial-cluster",
				    e->cluster ? e->cluster : alone};
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		argv[n++] = urls[i];
	for (size_t i = 0; e->pki && i < 3; i++) {
		snprintf(file[i], sizeof(file[i]), "%s/%s", e->pki, pki_names[i]);
		argv[n++] = pki_flags[i];
		argv[n++] = file[i];
	}
	if (e->pki)
		argv[n++] = "--client-cert-auth";
	if (e->cluster)
		argv[n++] = "--election-timeout=500";
	e->pid = fork();
	if (e->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 1);
	dup2(null, 2);
	execvp("etcd", (char *const *)argv);
	_exit(127);
}

static inline void etcd_begin(struct etcd_process *e, const char *dir)
{
	*e = (struct etcd_process){.client_port = port_test_take(), .peer_port = port_test_take()};
	snprintf(e->dir, sizeof(e->dir), "%s", dir);
	etcd_run(e);
}

static inline void etcd_kill(struct etcd_process *e)
{
	if (e->pid > 0) {
		kill(e->pid, SIGKILL);
		while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	e->pid = 0;
}

/* SIGSTOP stops a process of many threads when each of them has noticed: on a busy machine a write that follows the
 * signal at once is still answered. Returns when the whole process stands still; SIGCONT wakes it. */
static inline void etcd_stop(struct etcd_process *e)
{
	int status = 0;
	kill(e->pid, SIGSTOP);
	while (waitpid(e->pid, &status, WUNTRACED) < 0 && errno == EINTR)
		;
	assert_true(WIFSTOPPED(status));
}

#endif
