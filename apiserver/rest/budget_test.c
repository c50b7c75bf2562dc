/* SPDX-License-Identifier: Apache-2.0 */
/* What many large writes at once cost in memory, and what is left of it afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "rest/rig_test.h"

#define WRITERS 20
#define OBJECTS 60000 /* a tree of some 15 MB, several times */
#define MB (1 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURES false
#elif defined(__has_feature)
#define MEASURES !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define MEASURES true
#endif

/* A figure of /proc/self/status in bytes. */
static size_t status_of(const char *name)
{
	char line[256];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kb = strtoul(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	return (size_t)kb * 1024;
}

static struct buf large;

static atomic_int through;
static sem_t first; /* of them is through: the others wait by now */

static void *writer(void *arg)
{
	/* refused by what comes after the trees: the name */
	autoreply struct rig_reply r =
		rig_send(&rig, "POST", "/apis/apps/v1/namespaces/default/controllerrevisions",
			 "application/json", buf_str(&large), large.len);
	*(int *)arg = r.status;
	if (!atomic_fetch_add(&through, 1))
		sem_post(&first);
	return NULL;
}

/* An ordinary one waits for none of them: behind those that wait for memory it would be among the last. */
static bool ordinary_write(void)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", "/api/v1/namespaces/default/configmaps",
						"{\"metadata\":{\"generateName\":\"a-\"}}");
	assert_int_equal(r.status, 201);
	return atomic_load(&through) < WRITERS / 2;
}

/* Returns whether an ordinary one was among the first. */
static bool write_all(void)
{
	pthread_t threads[WRITERS];
	int status[WRITERS];

	atomic_store(&through, 0);
	sem_init(&first, 0, 0);
	for (size_t i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, writer, &status[i]);
	while (sem_wait(&first) < 0)
		;
	bool early = ordinary_write();
	for (size_t i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(status[i], 422);
	}
	sem_destroy(&first);
	return early;
}

static void test_large_writes(void **state)
{
	int status;

	buf_adds(&large, "{\"metadata\":{\"name\":\"A_B\"},\"revision\":1,\"data\":{\"a\":[{}");
	for (int i = 1; i < OBJECTS; i++)
		buf_adds(&large, ",{}");
	buf_adds(&large, "]}}");
	writer(&status); /* what one costs is not what this is about */
	size_t before = status_of("VmRSS"), one = status_of("VmHWM");
	bool early = write_all();
	for (int again = 0; again < 10 && !early; again++) /* once the machine may let it wait */
		early = write_all();
	assert_true(early);
	if (!MEASURES)
		return;
	size_t most = status_of("VmHWM"), after = status_of("VmRSS");
	if (most > one + 64 * MB)
		fail_msg("%zu MB more than the %zu MB of one of them", (most - one) / MB, one / MB);
	if (after > before + 48 * MB)
		fail_msg("%zu MB are left", (after - before) / MB);
}

static int teardown(void **state)
{
	rig_close(&rig);
	buf_release(&large);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_large_writes)};
	mallopt(M_ARENA_MAX, 2); /* as the daemon */
	return cmocka_run_group_tests(tests, rig_setup, teardown);
}
