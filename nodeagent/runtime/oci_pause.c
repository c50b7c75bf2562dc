/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts pause without an OCI runtime and without conmon: some 25 ms and a megabyte less per Pod.
 *
 * We fork A; A clones B into new namespaces, tells its pid and exits, so that B belongs to process 1 and
 * outlives us. B sets up what is inside (hostname, loopback, sysctls), leaves the host's mounts for an
 * otherwise empty directory, gives up all privileges and becomes pause. A and B run between fork and exec of
 * a process with threads: system calls only. What goes wrong comes back through a pipe that exec closes.
 *
 * Until we have written its pid down nobody else would know of B: it waits for a word of ours before it becomes pause, and
 * goes when we do. So B closes what it inherited, other Bs' pipes included, before it does anything else.
 *
 * In a user namespace of its own, which owns the other new ones, B is nobody until we have written the namespace's map: it
 * waits for the word at the beginning. It keeps being root of the host to find its root directory, and becomes root of its
 * namespace to set sysctls, which by then it reaches through a descriptor only.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/process.h"
#include "runtime/oci_internal.h"

#define PAUSE_UID 65535		   /* as upstream's pause image */
#define PAUSE_OOM_SCORE_ADJ "-998" /* as upstream's: the Pod's own processes go first */

enum step {
	STEP_CLONE,
	STEP_STDIO,
	STEP_USERS,
	STEP_HOSTNAME,
	STEP_LOOPBACK,
	STEP_SYSCTL,
	STEP_MOUNT,
	STEP_ROOT,
	STEP_PRIVILEGES,
	STEP_WAIT,
	STEP_EXEC,
};

static const char *const step_names[] = {
	[STEP_CLONE] = "make namespaces",
	[STEP_STDIO] = "open /dev/null",
	[STEP_USERS] = "become root of the user namespace",
	[STEP_HOSTNAME] = "set the hostname",
	[STEP_LOOPBACK] = "bring up loopback",
	[STEP_SYSCTL] = "set a sysctl",
	[STEP_MOUNT] = "mount the sandbox root",
	[STEP_ROOT] = "change root",
	[STEP_PRIVILEGES] = "drop privileges",
	[STEP_WAIT] = "wait",
	[STEP_EXEC] = "exec pause",
};

struct report {
	pid_t pid; /* > 0: this is B; else a failure */
	int step, error;
};

static void __attribute__((noreturn)) fail(int fd, enum step step)
{
	struct report r = {.step = (int)step, .error = errno};
	(void)!write(fd, &r, sizeof(r));
	_exit(1);
}

static bool put_at(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = write(fd, text, strlen(text)) >= 0;
	int saved = errno;
	close(fd);
	errno = saved;
	return ok;
}

static bool put(const char *path, const char *text)
{
	return put_at(AT_FDCWD, path, text);
}

static bool loopback_up(void)
{
	struct ifreq rq = {.ifr_name = "lo"};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &rq) < 0)
		return false;
	rq.ifr_flags |= IFF_UP;
	bool ok = ioctl(s, SIOCSIFFLAGS, &rq) == 0;
	close(s);
	return ok;
}

static bool leave_host_mounts(const char *dir, enum step *step)
{
	*step = STEP_MOUNT;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(dir, dir, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		return false;
	*step = STEP_ROOT;
	return chdir(dir) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
	       chdir("/") == 0;
}

/* Raw calls: the C library's would try to carry the change to threads that this process does not have. */
static bool drop_privileges(void)
{
	return syscall(SYS_setgroups, 0, NULL) == 0 &&
	       syscall(SYS_setresgid, PAUSE_UID, PAUSE_UID, PAUSE_UID) == 0 &&
	       syscall(SYS_setresuid, PAUSE_UID, PAUSE_UID, PAUSE_UID) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool become_root(void)
{
	return syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0;
}

/* Paths of sysctls below SYSCTLS, made before the fork. */
struct prepared {
	const struct oci_pause_spec *spec;
	char **sysctl_paths;
};

#define SYSCTLS "/proc/sys"

enum { REPORT_FD = 3, WORD_FD, FIRST_FREE_FD }; /* of B */

/* Nothing but stdio and the two that B needs stays open. */
static bool keep_descriptors(int report, int word)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = fcntl(report, F_DUPFD, FIRST_FREE_FD), w = fcntl(word, F_DUPFD, FIRST_FREE_FD);
	return null >= 0 && r >= 0 && w >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 &&
	       dup2(null, 2) == 2 && dup3(r, REPORT_FD, O_CLOEXEC) == REPORT_FD &&
	       dup3(w, WORD_FD, O_CLOEXEC) == WORD_FD && syscall(SYS_close_range, FIRST_FREE_FD, ~0U, 0) == 0;
}

/* False when there will be none. */
static bool wait_for_word(void)
{
	char c;
	ssize_t n;
	do
		n = read(WORD_FD, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static void __attribute__((noreturn)) become_pause(const struct prepared *p, int report, int word)
{
	static char *const argv[] = {"pause", NULL}, *const env[] = {NULL};
	const struct oci_pause_spec *s = p->spec;
	const int fd = REPORT_FD;
	enum step step;
	if (!keep_descriptors(report, word))
		fail(report, STEP_STDIO);
	if (s->users && !wait_for_word())
		fail(fd, STEP_WAIT);
	if (s->uts && sethostname(s->hostname, strlen(s->hostname)) < 0)
		fail(fd, STEP_HOSTNAME);
	if (s->net && !loopback_up())
		fail(fd, STEP_LOOPBACK);
	int sysctls = s->n_sysctls ? open(SYSCTLS, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!leave_host_mounts(s->root_dir, &step))
		fail(fd, step);
	if (s->users && !become_root())
		fail(fd, STEP_USERS);
	for (size_t i = 0; i < s->n_sysctls; i++)
		if (!put_at(sysctls, p->sysctl_paths[i], s->sysctls[i].value))
			fail(fd, STEP_SYSCTL);
	if (!drop_privileges())
		fail(fd, STEP_PRIVILEGES);
	if (!s->users && !wait_for_word())
		fail(fd, STEP_WAIT);
	execve("/pause", argv, env);
	fail(fd, STEP_EXEC);
}

static void __attribute__((noreturn)) launch(const struct prepared *p, int fd, int word)
{
	const struct oci_pause_spec *s = p->spec;
	setsid();
	/* B inherits it: in its namespace it may not be allowed, in a nested container we may not. */
	(void)put("/proc/self/oom_score_adj", PAUSE_OOM_SCORE_ADJ);
	unsigned long flags = SIGCHLD | CLONE_NEWNS | (s->net ? CLONE_NEWNET : 0) |
			      (s->ipc ? CLONE_NEWIPC : 0) | (s->uts ? CLONE_NEWUTS : 0) |
			      (s->pid ? CLONE_NEWPID : 0) | (s->users ? CLONE_NEWUSER : 0);
#if defined(__s390__)
	long pid = syscall(SYS_clone, 0, flags, 0, 0, 0);
#else
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
#endif
	if (pid < 0)
		fail(fd, STEP_CLONE);
	if (pid == 0)
		become_pause(p, fd, word);
	struct report r = {.pid = (pid_t)pid};
	(void)!write(fd, &r, sizeof(r));
	_exit(0);
}

/* sysctl net.ipv4.x and net/ipv4/x are the same file. */
static char *sysctl_path(const char *name)
{
	char *path = mem_strdup(name);
	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = '/';
	return path;
}

/* B is written down, and told so; otherwise it goes. Closes *tells. */
static int note(const struct oci_pause_spec *s, const struct oci_process *p, int *tells, struct err *err)
{
	int rc = s->users ? userns_write_maps(p->pid, s->users, err) : 0;
	if (rc == 0)
		rc = s->known(s->arg, p, err);
	if (rc == 0)
		(void)!write(*tells, "", 1); /* should B be gone, its reports say why */
	mem_autoclose(tells);
	*tells = -1;
	return rc;
}

/* Reads reports until exec (or death) closes the pipe. */
static int hear(const struct oci_pause_spec *s, int fd, int *tells, struct oci_process *ret, struct err *err)
{
	struct report r;
	int rc = 0;
	pid_t pid = 0;
	for (;;) {
		ssize_t n = read(fd, &r, sizeof(r));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(r))
			break;
		if (r.pid > 0) {
			pid = r.pid;
			ret->pid = pid;
			ret->start = process_start_time(pid);
			if (note(s, ret, tells, err) < 0)
				rc = -1;
		} else if (rc == 0) { /* the first that went wrong */
			errno = r.error;
			rc = err_errno(err, "sandbox: cannot %s", step_names[r.step]);
		}
	}
	if (rc == 0 && (!pid || !ret->start))
		rc = err_set(err, REASON_INTERNAL, "sandbox: pause ended at once");
	return rc;
}

static int start(const struct prepared *p, struct oci_process *ret, struct err *err)
{
	autoclose int hears = -1, tells = -1, reports = -1, word = -1;
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	hears = fds[0];
	reports = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	word = fds[0];
	tells = fds[1];
	pid_t a = fork();
	if (a == 0)
		launch(p, reports, word);
	if (a < 0)
		return err_errno(err, "fork");
	/* `word` stays: telling one who is gone must not cost us a signal. */
	mem_autoclose(&reports);
	reports = -1;
	int rc = hear(p->spec, hears, &tells, ret, err);
	while (waitpid(a, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int oci_pause_start(const struct oci_pause_spec *spec, struct oci_process *ret, struct err *err)
{
	struct prepared p = {.spec = spec, .sysctl_paths = mem_array(spec->n_sysctls + 1, sizeof(char *))};
	for (size_t i = 0; i < spec->n_sysctls; i++)
		p.sysctl_paths[i] = sysctl_path(spec->sysctls[i].key);
	struct oci_process started = {0};
	int rc = start(&p, &started, err);
	for (size_t i = 0; i < spec->n_sysctls; i++)
		free(p.sysctl_paths[i]);
	free(p.sysctl_paths);
	if (rc == 0)
		*ret = started;
	return rc;
}
