/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/storage_rig.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"

struct write_waiting {
	struct storage_write w;
	sem_t done;
};

static void wake(struct storage_write *w)
{
	sem_post(&CONTAINER_OF(w, struct write_waiting, w)->done);
}

static int submit_and_wait(const struct storage_write *what, struct obj **ret, struct err *err)
{
	struct write_waiting wait = {.w = *what};
	wait.w.done = wake;
	sem_init(&wait.done, 0, 0);
	storage_submit(&wait.w);
	while (sem_wait(&wait.done) < 0)
		;
	sem_destroy(&wait.done);
	if (wait.w.err.reason != REASON_NONE) {
		*err = wait.w.err;
		return -1;
	}
	if (ret)
		*ret = wait.w.result;
	else
		obj_unref(wait.w.result);
	return 0;
}

int storage_create(struct resource *r, struct obj *draft, struct obj **ret, struct err *err)
{
	return submit_and_wait(&(struct storage_write){.op = WRITE_CREATE, .resource = r, .draft = draft},
			       ret, err);
}

int storage_update(struct resource *r, const struct obj *old, struct obj *draft, unsigned flags,
		   struct obj **ret, struct err *err)
{
	return submit_and_wait(
		&(struct storage_write){
			.op = WRITE_UPDATE, .resource = r, .draft = draft, .old = old, .flags = flags},
		ret, err);
}

int storage_delete(struct resource *r, const struct obj *old, struct obj **ret, struct err *err)
{
	return submit_and_wait(&(struct storage_write){.op = WRITE_DELETE, .resource = r, .old = old}, ret,
			       err);
}

struct fresh_waiting {
	struct storage_wait w;
	sem_t done;
};

static void wake_reader(struct storage_wait *w)
{
	sem_post(&CONTAINER_OF(w, struct fresh_waiting, w)->done);
}

int storage_wait(struct storage *s, uint64_t rv, int64_t deadline_ns, struct err *err)
{
	if (storage_fresh(s, rv))
		return 0;
	struct fresh_waiting wait = {.w = {.rv = rv, .deadline_ns = deadline_ns, .done = wake_reader}};
	sem_init(&wait.done, 0, 0);
	storage_when_fresh(s, &wait.w);
	while (sem_wait(&wait.done) < 0)
		;
	sem_destroy(&wait.done);
	if (wait.w.err.reason == REASON_NONE)
		return 0;
	*err = wait.w.err;
	return -1;
}

/* ---- a store of one's own ---- */

void storage_rig_open(struct storage_rig *r, const struct schema *schema)
{
	struct err err = ERR_INIT;

	snprintf(r->dir, sizeof(r->dir), "/tmp/storage-rig-XXXXXX");
	if (!mkdtemp(r->dir))
		err_errno(&err, "%s", r->dir);
	autofree char *path = mem_printf("%s/db", r->dir);
	struct storage_config c = {.engine = "sqlite", .path = path};
	r->storage = err.reason == REASON_NONE ? storage_open(&c, schema, &err) : NULL;
	if (r->storage)
		return;
	fprintf(stderr, "no store for a test: %s\n", err.msg);
	abort();
}

void storage_rig_close(struct storage_rig *r)
{
	autofree char *cmd = mem_printf("rm -rf %s", r->dir);

	storage_close(r->storage);
	if (system(cmd))
		fprintf(stderr, "%s is left\n", r->dir);
}
