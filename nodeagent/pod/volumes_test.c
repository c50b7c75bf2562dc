/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/volumes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "object/json_test.h"
#include "os/tree.h"
#include "pod/make_test.h"

/* fsGroup is about the volumes that the Pod owns, sub-paths in them included; what belongs to the host is left alone. */
static void test_fs_group(void **state)
{
	char root[] = "/tmp/volumes_test.XXXXXX";
	struct err err = ERR_INIT;
	struct stat st;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(root));
	autofree char *host = mem_printf("%s/host", root);
	assert_int_equal(mkdir(host, 0700), 0);
	autofree char *text = mem_printf(
		JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'securityContext':{'fsGroup':1234},"
		     "'volumes':[{'name':'e','emptyDir':{}},{'name':'h','hostPath':{'path':'%s'}}],"
		     "'containers':[{'name':'a','image':'i','volumeMounts':[{'name':'e','mountPath':'/e','subPath':'x/y'},"
		     "{'name':'h','mountPath':'/h'}]}]}}"),
		host);
	struct pod *p = make_pod(text);
	autoarena struct arena a = ARENA_INIT;
	for (int i = 0; i < 2; i++) {
		if (volumes_set_up(root, p, &err) < 0)
			fail_msg("%s", err.msg);
		autofree char *volume = mem_printf("%s/pods/u/volumes/kubernetes.io~empty-dir/e", root);
		assert_int_equal(stat(volume, &st), 0);
		assert_int_equal(st.st_gid, 1234);
		assert_int_equal(st.st_mode & 07777, 02777);
	}
	const char *sub = volumes_mount_source(&a, root, p, &p->list.v[0], 0, "x/y", &err);
	assert_non_null(sub);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_gid, 1234);
	assert_int_equal(st.st_mode & 07777, 02777);
	assert_int_equal(stat(host, &st), 0);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(st.st_mode & 07777, 0700);
	free_pod(p);
	assert_int_equal(volumes_tear_down(root, "u", &err), 0);
	assert_int_equal(tree_remove(root, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fs_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
