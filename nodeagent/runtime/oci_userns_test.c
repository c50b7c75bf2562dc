/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of a Pod that has users of its own, by the real runtime; see oci_rig_test.h. */
#include "runtime/oci_rig_test.h"

#define FIRST 6553600

static struct runtime_sandbox users_sandbox(const char *uid)
{
	static const struct runtime_kv sysctls[] = {{"kernel.shm_rmid_forced", "1"}};
	struct runtime_sandbox_spec p = pod(uid);
	p.users = (struct userns_map){FIRST, USERNS_UNIT};
	p.sysctls = sysctls;
	p.n_sysctls = 1;
	return make_sandbox(&p);
}

static void test_inside(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct stat st;
	autobuf struct buf out = BUF_INIT;
	autofree char *host = mem_printf("%s/host", root), *file = mem_printf("%s/file", host),
		      *made = mem_printf("%s/made", host), *message = mem_printf("%s/message", root);
	assert_int_equal(tree_mkdirs(host, 0755, &err), 0);
	assert_int_equal(tree_write(file, "hello\n", 6, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(chown(file, 1000, 1000), 0);
	autofree char *image = image_id();
	const struct runtime_mount mounts[] = {
		{.host = host, .container = "/host"},
		{.image = image, .sub_path = "", .container = "/image", .readonly = true},
		{.host = file, .container = "/etc/one", .readonly = true}};
	struct runtime_sandbox s = users_sandbox("uid-users");
	struct runtime_container c = run(
		&s,
		SPEC(.cap_add = CMD("NET_ADMIN", "SYS_ADMIN"), .mounts = mounts,
		     .n_mounts = ARRAY_LEN(mounts), .termination_log = message,
		     .termination_path = "/dev/termination-log"),
		"exec 2>/dev/null; tr -s ' ' </proc/self/uid_map; stat -c 'root %u:%g' / /bin /host /dev/shm /image/bin/busybox;"
		"stat -c 'file %u:%g' /host/file /etc/one; cat /etc/one;"
		"echo x >/host/made && echo y >/etc/new && chown 5:6 /etc/new && stat -c 'new %u:%g' /etc/new;"
		"echo z >/dev/shm/z && echo shm; echo bye >/dev/termination-log && echo message;"
		"cat /proc/sys/kernel/shm_rmid_forced; echo 1 >/proc/sys/kernel/panic || echo denied;"
		"ip link set lo down && echo net; hostname other && echo uts; echo out >/dev/stdout",
		&out);
	assert_true(c.user_known);
	assert_int_equal(c.user.uid, 0);
	assert_int_equal(c.user.n_groups, 1);
	assert_true(has(&out, " 0 6553600 65536\n"));
	assert_true(has(
		&out,
		"root 0:0\nroot 0:0\nroot 0:0\nroot 0:0\nroot 0:0\nfile 1000:1000\nfile 1000:1000\nhello\n"));
	assert_true(has(&out, "new 5:6\nshm\nmessage\n1\n"));
	/* its root has power over the Pod's namespaces, not over the node */
	assert_true(has(&out, "denied\nnet\nuts\nout\n"));
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(message, &st), 0);
	assert_int_equal(st.st_size, 4);
	remove_sandbox(&s);
	assert_int_equal(access(file, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_inside)};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
