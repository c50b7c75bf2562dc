/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define PIECE (32 * 1024)

struct follow {
	struct loop *loop;
	size_t lane;
	char *path;
	struct crilog_options options;
	loop_fn *fn;
	void *arg;
	bool following, asked, over;
	bool unseen;	    /* the writer has ended since the last look */
	bool working, gone; /* a job has it; nobody wants it any more */
	struct loop_io io;  /* news of the file */
	bool io_started;
	/* The job's while it works. */
	int fd, notify;
	int watched; /* the file, of notify */
	bool opened, reader_open;
	int rc;
	struct crilog_reader reader;
	struct buf out;
	struct err err;
};

/* ---- the job ---- */

/* The file, and its directory, where its successor will appear. */
static int watch_file(struct follow *f)
{
	autofree char *dir = mem_strndup(f->path, (size_t)(strrchr(f->path, '/') - f->path));
	f->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->notify < 0)
		return err_errno(&f->err, "watch log");
	f->watched = inotify_add_watch(f->notify, f->path, IN_MODIFY);
	return f->watched < 0 || inotify_add_watch(f->notify, dir, IN_MOVED_TO | IN_CREATE) < 0
		       ? err_errno(&f->err, "watch log")
		       : 0;
}

/* A container that has not written yet has an empty log. */
static int open_file(struct follow *f)
{
	f->opened = true;
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return errno == ENOENT ? 0 : err_errno(&f->err, "open log");
	if (f->following && watch_file(f) < 0)
		return -1;
	if (crilog_open(&f->reader, f->fd, &f->options, &f->err) < 0)
		return -1;
	f->reader_open = true;
	return 0;
}

/* Another file has the log's name, and the writer has left ours. Opens it. */
static int successor(const struct follow *f)
{
	struct stat ours, now;
	int fd = fstat(f->fd, &ours) == 0 ? open(f->path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && fstat(fd, &now) == 0 && (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void go_on_with(struct follow *f, int fd)
{
	if (f->watched >= 0)
		(void)inotify_rm_watch(f->notify, f->watched);
	f->watched = inotify_add_watch(f->notify, f->path, IN_MODIFY);
	crilog_next(&f->reader, fd);
	close(f->fd);
	f->fd = fd;
}

static void work(void *arg)
{
	struct follow *f = arg;
	f->rc = 0;
	if (!f->opened && open_file(f) < 0)
		return;
	if (!f->reader_open)
		return;
	f->rc = crilog_read(&f->reader, &f->out, PIECE, &f->err);
	/* Its last words may have come between the read and the look. */
	int next = f->rc == 0 && f->notify >= 0 ? successor(f) : -1;
	if (next < 0)
		return;
	f->rc = crilog_read(&f->reader, &f->out, PIECE, &f->err);
	if (f->rc != 0) {
		close(next);
		return;
	}
	go_on_with(f, next);
	f->rc = crilog_read(&f->reader, &f->out, PIECE, &f->err);
}

/* ---- on the loop ---- */

static void done(void *arg);

static void look(struct follow *f)
{
	f->working = true;
	f->unseen = false;
	loop_job(f->loop, f->lane, work, done, f);
}

static void on_news(void *arg, unsigned events)
{
	struct follow *f = arg;
	char names[1024];
	while (read(f->notify, names, sizeof(names)) > 0)
		;
	loop_io_set(&f->io, 0);
	look(f);
}

static void wait_for_news(struct follow *f)
{
	if (f->notify < 0)
		return; /* there is no file: its writer's end is waited for */
	if (!f->io_started && loop_io_start(f->loop, &f->io, f->notify, LOOP_READ, &f->err) < 0)
		return;
	f->io_started = true;
	loop_io_set(&f->io, LOOP_READ);
}

static void tell(struct follow *f)
{
	f->asked = false;
	f->fn(f->arg);
}

static void done(void *arg)
{
	struct follow *f = arg;
	f->working = false;
	if (f->gone) {
		follow_free(f);
		return;
	}
	bool end = f->err.reason != REASON_NONE || f->rc < 0 ||
		   (f->reader_open && crilog_limit_reached(&f->reader)) ||
		   (f->rc == 0 && !f->following && !f->unseen);
	f->over |= end;
	if (f->out.len || end)
		tell(f);
	else if (f->rc > 0 || f->unseen)
		look(f);
	else
		wait_for_news(f);
}

struct follow *follow_new(struct loop *l, size_t lane, char *path, const struct crilog_options *o,
			  bool following, loop_fn *fn, void *arg)
{
	struct follow *f = MEM_NEW(struct follow);
	*f = (struct follow){.loop = l,
			     .lane = lane,
			     .path = path,
			     .options = *o,
			     .following = following,
			     .fn = fn,
			     .arg = arg,
			     .fd = -1,
			     .notify = -1};
	f->io = (struct loop_io){.fn = on_news, .arg = f};
	return f;
}

static void tell_over(void *arg)
{
	struct follow *f = arg;
	f->working = false;
	if (f->gone)
		follow_free(f);
	else
		tell(f);
}

void follow_ask(struct follow *f)
{
	if (f->asked)
		return;
	f->asked = true;
	if (!f->over) {
		look(f);
		return;
	}
	f->working = true;
	loop_post(f->loop, tell_over, f);
}

size_t follow_take(struct follow *f, char *out, size_t max)
{
	if (f->working)
		return 0;
	size_t n = f->out.len < max ? f->out.len : max;
	if (!n)
		return 0;
	memcpy(out, f->out.p, n);
	buf_consume(&f->out, n);
	return n;
}

bool follow_over(const struct follow *f)
{
	return !f->working && f->over && !f->out.len;
}

const struct err *follow_error(const struct follow *f)
{
	return &f->err;
}

void follow_finish(struct follow *f)
{
	if (!f->following)
		return;
	f->following = false;
	f->unseen = true; /* one more look for the last words */
	if (f->asked && !f->working) {
		if (f->io_started)
			loop_io_set(&f->io, 0);
		look(f);
	}
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	if (f->working) {
		f->gone = true;
		return;
	}
	if (f->io_started)
		loop_io_stop(&f->io);
	mem_autoclose(&f->fd);
	mem_autoclose(&f->notify);
	if (f->reader_open)
		crilog_release(&f->reader);
	buf_release(&f->out);
	free(f->path);
	free(f);
}
