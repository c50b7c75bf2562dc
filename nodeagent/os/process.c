/* SPDX-License-Identifier: Apache-2.0 */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"

#define PROCESS_TIMEOUT_NS (120 * NS_PER_S)
#define PASS_BASE 3
#define HIGH_FD 64 /* descriptors to pass are moved above the range they are passed at */

extern char **environ;

struct pipes {
	int in[2], out[2], errors[2];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_release(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->errors[i]);
	}
}

static int pipes_open(struct pipes *p, const struct process_spec *s, struct err *err)
{
	if ((s->in && pipe2(p->in, O_CLOEXEC) < 0) || (s->out && pipe2(p->out, O_CLOEXEC) < 0) ||
	    (s->errors && pipe2(p->errors, O_CLOEXEC) < 0))
		return err_errno(err, "pipe");
	return 0;
}

static void add_stdio(posix_spawn_file_actions_t *fa, int fd, int pipe_end, int null_mode)
{
	if (pipe_end >= 0)
		posix_spawn_file_actions_adddup2(fa, pipe_end, fd);
	else
		posix_spawn_file_actions_addopen(fa, fd, "/dev/null", null_mode, 0);
}

static int spawn(const struct process_spec *s, struct pipes *p, pid_t *ret, struct err *err)
{
	int moved[PROCESS_FDS_MAX] = {-1, -1, -1, -1}, rc = 0;
	posix_spawn_file_actions_t fa;
	posix_spawn_file_actions_init(&fa);
	add_stdio(&fa, 0, p->in[0], O_RDONLY);
	add_stdio(&fa, 1, p->out[1], O_WRONLY);
	add_stdio(&fa, 2, p->errors[1], O_WRONLY);
	for (size_t i = 0; i < s->n_pass_fd && !rc; i++) {
		moved[i] = fcntl(s->pass_fd[i], F_DUPFD_CLOEXEC, HIGH_FD);
		if (moved[i] < 0)
			rc = errno;
		else
			posix_spawn_file_actions_adddup2(&fa, moved[i], PASS_BASE + (int)i);
	}
	if (s->dir)
		posix_spawn_file_actions_addchdir_np(&fa, s->dir);
	posix_spawn_file_actions_addclosefrom_np(&fa, PASS_BASE + (int)s->n_pass_fd);

	posix_spawnattr_t attr;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						(s->fenced ? POSIX_SPAWN_SETPGROUP : 0)));
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	if (!rc)
		rc = posix_spawnp(ret, s->argv[0], &fa, &attr, (char *const *)s->argv,
				  s->env ? (char *const *)s->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	for (size_t i = 0; i < PROCESS_FDS_MAX; i++)
		close_fd(&moved[i]);
	if (!rc)
		return 0;
	errno = rc;
	err_errno(err, "cannot run %s", s->argv[0]);
	if (rc == ENOENT)
		err->reason = REASON_NOT_FOUND;
	return -1;
}

/* Reads what is there; closes *fd at its end. */
static void drain(int *fd, struct buf *b)
{
	char tmp[8192];
	ssize_t n = read(*fd, tmp, sizeof(tmp));
	if (n > 0)
		buf_add(b, tmp, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_fd(fd);
}

static void feed(int *fd, const struct process_spec *s, size_t *done)
{
	ssize_t n = write(*fd, s->in + *done, s->in_len - *done);
	if (n > 0)
		*done += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || *done == s->in_len)
		close_fd(fd);
}

static bool too_much(const struct process_spec *s)
{
	return s->fenced && ((s->out && buf_overflowed(s->out)) || (s->errors && buf_overflowed(s->errors)));
}

/* Moves bytes until the child has ended. Pipes held open by what the child left behind do not keep us. */
static int converse(const struct process_spec *s, struct pipes *p, int pidfd, int64_t deadline)
{
	size_t fed = 0;
	for (;;) {
		if (p->in[1] >= 0 && fed == s->in_len)
			close_fd(&p->in[1]);
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
				       {.fd = p->in[1], .events = POLLOUT},
				       {.fd = p->out[0], .events = POLLIN},
				       {.fd = p->errors[0], .events = POLLIN}};
		int64_t left = deadline - clock_mono_ns();
		if (left <= 0 || too_much(s))
			return -1;
		int n = poll(fds, ARRAY_LEN(fds), (int)(left / NS_PER_MS) + 1);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n <= 0)
			continue;
		if (fds[1].revents)
			feed(&p->in[1], s, &fed);
		if (fds[2].revents)
			drain(&p->out[0], s->out);
		if (fds[3].revents)
			drain(&p->errors[0], s->errors);
		if (fds[0].revents && !(fds[2].revents & POLLIN) && !(fds[3].revents & POLLIN))
			return 0;
	}
}

int process_run(const struct process_spec *s, int *ret_status, struct err *err)
{
	struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
	pid_t pid = -1;
	if (pipes_open(&p, s, err) < 0 || spawn(s, &p, &pid, err) < 0) {
		pipes_release(&p);
		return -1;
	}
	close_fd(&p.in[0]);
	close_fd(&p.out[1]);
	close_fd(&p.errors[1]);
	if (p.in[1] >= 0)
		fcntl(p.in[1], F_SETFL, O_NONBLOCK);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int64_t limit = s->timeout_ns ? s->timeout_ns : PROCESS_TIMEOUT_NS;
	int late = pidfd < 0 ? -1 : converse(s, &p, pidfd, clock_mono_ns() + limit);
	if (late || s->fenced) /* one that has ended still holds its number, and its group's */
		kill(s->fenced ? -pid : pid, SIGKILL);
	int st = 0;
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	close_fd(&pidfd);
	pipes_release(&p);
	if (too_much(s))
		return err_set(err, REASON_TOO_LARGE, "%s writes more than %zu bytes", s->argv[0],
			       s->out && buf_overflowed(s->out) ? s->out->max : s->errors->max);
	if (late)
		return err_set(err, REASON_TIMEOUT, "%s did not end within %d s", s->argv[0],
			       (int)(limit / NS_PER_S));
	*ret_status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	return 0;
}

uint64_t process_start_time(pid_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		errno = errno == ENOENT ? ESRCH : errno;
		return 0;
	}
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	errno = ESRCH;
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The command's name may hold anything; the fields are counted from its last parenthesis. */
	char *p = strrchr(text, ')');
	char state = 0;
	unsigned long long start = 0;
	if (!p ||
	    sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}
