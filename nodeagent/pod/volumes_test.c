/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gate.h"
#include "pod/volumes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "object/json_test.h"
#include "os/hugepages.h"
#include "os/tree.h"
#include "pod/make_test.h"

static struct err set_up(const char *root, const struct pod *p)
{
	static const struct config_set nothing = {0};
	const struct env_context ctx = {
		.pod = p, .node_name = "n1", .allocatable_cpu_milli = 4000, .allocatable_memory = 1 << 30};
	struct volumes_plan plan = {.n = 0};
	struct err unplanned = ERR_INIT, err = ERR_INIT;
	(void)!volumes_plan(&plan, &ctx, &nothing, &unplanned);
	(void)!volumes_set_up(root, p, &plan, &err);
	volumes_plan_release(&plan);
	return unplanned.reason != REASON_NONE ? unplanned : err;
}

static void expect(const char *root, const char *name, const char *want)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/pods/u/volumes/kubernetes.io~%s", root, name);
	if (tree_read(path, 4096, &b, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(buf_str(&b), want);
}

static void remove_all(const char *root)
{
	struct err err = ERR_INIT;
	assert_int_equal(volumes_tear_down(root, "u", &err), 0);
	assert_int_equal(tree_remove(root, &err), 0);
}

#define DOWNWARD(labels)                                                                                            \
	JSON("{'metadata':{'name':'p','namespace':'n','uid':'u','labels':{" labels                                  \
	     "},'annotations':{'note':'a \\\"b\\\"\\n\\u00e9\\u200b'}},"                                            \
	     "'spec':{'volumes':[{'name':'d','downwardAPI':{'items':["                                              \
	     "{'path':'labels','fieldRef':{'fieldPath':'metadata.labels'}},"                                        \
	     "{'path':'notes','fieldRef':{'fieldPath':'metadata.annotations'}},"                                    \
	     "{'path':'x/one','fieldRef':{'fieldPath':'metadata.labels[`a`]'}},"                                    \
	     "{'path':'cpu','resourceFieldRef':{'containerName':'a','resource':'limits.cpu','divisor':'1m'}},"      \
	     "{'path':'mem','resourceFieldRef':{'containerName':'a','resource':'requests.memory','divisor':'1Mi'}}" \
	     "]}}],'containers':[{'name':'a','image':'i','resources':{'requests':{'memory':'32Mi'}}}]}}")

static struct pod *make_downward(const char *text)
{
	autofree char *t = mem_strdup(text);
	for (char *p = t; (p = strchr(p, '`'));)
		*p = '\'';
	return make_pod(t);
}

/* What a mount says of writing, and what the kind of volume does. */
static void test_mounts(void **state)
{
	static const struct {
		const char *mount, *want; /* flags, or the error */
	} rows[] = {
		{"'name':'h'", "/host private"},
		{"'name':'h','readOnly':true", "/host ro private"},
		{"'name':'h','mountPropagation':'HostToContainer'", "/host slave"},
		{"'name':'h','mountPropagation':'Bidirectional'", "/host shared"},
		{"'name':'h','readOnly':true,'recursiveReadOnly':'Disabled'", "/host ro private"},
		{"'name':'h','readOnly':true,'recursiveReadOnly':'Enabled'", "/host rro private"},
		{"'name':'h','readOnly':true,'recursiveReadOnly':'IfPossible'", "/host rro private"},
		{"'name':'h','recursiveReadOnly':'IfPossible'",
		 "failed to resolve recursive read-only mode: volume \"h\" requested recursive read-only mode, but it is not "
		 "read-only"},
		{"'name':'h','readOnly':true,'recursiveReadOnly':'Enabled','mountPropagation':'HostToContainer'",
		 "failed to resolve recursive read-only mode: volume \"h\" requested recursive read-only mode, but it is not "
		 "compatible with propagation \"HostToContainer\""},
		{"'name':'c'", "/r/pods/u/volumes/kubernetes.io~configmap/c ro private"},
		{"'name':'s'", "/r/pods/u/volumes/kubernetes.io~secret/s ro private"},
		{"'name':'p'", "/r/pods/u/volumes/kubernetes.io~projected/p ro private"},
		{"'name':'d'", "/r/pods/u/volumes/kubernetes.io~downward-api/d ro private"},
		{"'name':'e'", "/r/pods/u/volumes/kubernetes.io~empty-dir/e private"},
		{"'name':'z'", "cannot find volume \"z\" to mount into container \"a\""},
	};
	static const char *const names[] = {[RUNTIME_PRIVATE] = "private",
					    [RUNTIME_HOST_TO_CONTAINER] = "slave",
					    [RUNTIME_BIDIRECTIONAL] = "shared"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(
			JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'volumes':["
			     "{'name':'h','hostPath':{'path':'/host'}},{'name':'c','configMap':{}},{'name':'s','secret':{}},"
			     "{'name':'p','projected':{}},{'name':'d','downwardAPI':{}},{'name':'e','emptyDir':{}}],"
			     "'containers':[{'name':'a','image':'i','volumeMounts':[{%s,'mountPath':'/m'}]}]}}"),
			JSON(rows[i].mount));
		struct pod *p = make_pod(text);
		autoarena struct arena a = ARENA_INIT;
		autobuf struct buf got = BUF_INIT;
		struct runtime_mount m = {0};
		struct err err = ERR_INIT;
		if (volumes_mount(&a, "/r", p, &p->list.v[0], 0, "", NULL, &m, &err) < 0)
			buf_adds(&got, err.msg);
		else
			buf_addf(&got, "%s%s %s", m.host,
				 !m.readonly   ? ""
				 : m.recursive ? " rro"
					       : " ro",
				 names[m.propagation]);
		assert_string_equal(buf_str(&got), rows[i].want);
		free_pod(p);
	}
}

/* Images that are volumes: which ones a container needs, and what the runtime is told of them. */
static void test_images(void **state)
{
	struct pod *p = make_pod(JSON(
		"{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'volumes':["
		"{'name':'a','image':{'reference':'x:1','pullPolicy':'Never'}},{'name':'b','image':{'reference':'y'}},"
		"{'name':'c','image':{'reference':'z:2'}},{'name':'h','hostPath':{'path':'/h'}}],"
		"'containers':[{'name':'a','image':'i:1','volumeMounts':[{'name':'b','mountPath':'/b'},"
		"{'name':'h','mountPath':'/h'},{'name':'a','mountPath':'/a'},{'name':'b','mountPath':'/c'}]}]}}"));
	const struct container_spec *c = &p->list.v[0];
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct runtime_mount m = {0};
	struct volumes_image *v;
	assert_int_equal(volumes_images(&a, p, c, &v), 1);
	assert_string_equal(
		set_up("/r", p).msg,
		"MountVolume.SetUp failed for volume \"a\" : this kind of volume is not supported by this node");
	assert_int_equal(gate_say("ImageVolume=true", &err), 0);
	assert_int_equal(volumes_images(&a, p, c, &v), 3);
	static const struct volumes_image want[] = {
		{"b", "y", PULL_ALWAYS}, {"a", "x:1", PULL_NEVER}, {NULL, "i:1", PULL_IF_NOT_PRESENT}};
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_string_equal(v[i].volume ? v[i].volume : "", want[i].volume ? want[i].volume : "");
		assert_string_equal(v[i].reference, want[i].reference);
		assert_int_equal(v[i].policy, want[i].policy);
	}
	assert_int_equal(volumes_mount(&a, "/r", p, c, 0, "part", "sha256:1", &m, &err), 0);
	assert_string_equal(m.image, "sha256:1");
	assert_string_equal(m.sub_path, "part");
	assert_true(m.readonly);
	gate_forget();
	free_pod(p);
}

static void test_downward(void **state)
{
	char root[] = "/tmp/volumes_test.XXXXXX";
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(root));
	struct pod *p = make_downward(DOWNWARD("'b':'2','a':'1'")),
		   *q = make_downward(DOWNWARD("'b':'2','a':'3'"));
	assert_string_equal(set_up(root, p).msg, "");
	expect(root, "downward-api/d/labels", "a=\"1\"\nb=\"2\"");
	expect(root, "downward-api/d/notes", "note=\"a \\\"b\\\"\\n\xc3\xa9\\u200b\"");
	expect(root, "downward-api/d/x/one", "1");
	expect(root, "downward-api/d/cpu", "4000");
	expect(root, "downward-api/d/mem", "32");
	assert_false(volumes_follow_pod(p, p));
	assert_true(volumes_follow_pod(p, q));
	assert_string_equal(set_up(root, q).msg, "");
	expect(root, "downward-api/d/x/one", "3");
	free_pod(p);
	free_pod(q);
	remove_all(root);
}

/* One volume that cannot be made keeps no other from being made. */
static void test_missing(void **state)
{
	char root[] = "/tmp/volumes_test.XXXXXX";
	struct stat st;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(root));
	struct pod *p = make_pod(JSON(
		"{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'volumes':["
		"{'name':'c','configMap':{'name':'x'}},{'name':'o','secret':{'secretName':'y','optional':true}},"
		"{'name':'e','emptyDir':{'medium':'Memory','sizeLimit':'1Mi'}},{'name':'t','nfs':{}}],"
		"'containers':[{'name':'a','image':'i'}]}}"));
	assert_string_equal(set_up(root, p).msg,
			    "MountVolume.SetUp failed for volume \"c\" : configmap \"x\" not found");
	autofree char *empty = mem_printf("%s/pods/u/volumes/kubernetes.io~empty-dir/e", root),
		      *secret = mem_printf("%s/pods/u/volumes/kubernetes.io~secret/o/..data", root);
	assert_int_equal(stat(empty, &st), 0);
	assert_int_equal(stat(secret, &st), 0);
	free_pod(p);
	remove_all(root);
}

static int64_t tmpfs_size(const char *root, const char *limits, const char *source)
{
	struct statfs fs;
	autofree char *text = mem_printf(
		JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'volumes':[{'name':'m','emptyDir':%s}],"
		     "'containers':[{'name':'a','image':'i','resources':{'limits':{%s}}}]}}"),
		source, limits);
	struct pod *p = make_pod(text);
	struct err err = ERR_INIT;
	assert_string_equal(set_up(root, p).msg, "");
	autofree char *path = mem_printf("%s/pods/u/volumes/kubernetes.io~empty-dir/m", root);
	assert_int_equal(statfs(path, &fs), 0);
	assert_int_equal(volumes_tear_down(root, "u", &err), 0);
	free_pod(p);
	return (int64_t)fs.f_blocks * fs.f_bsize;
}

/* The least of what is asked for, what the Pod may take and what there is. */
static void test_memory(void **state)
{
	char root[] = "/tmp/volumes_test.XXXXXX";
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(root));
	const char *free_size = JSON("{'medium':'Memory'}"),
		   *small = JSON("{'medium':'Memory','sizeLimit':'1Mi'}"),
		   *huge = JSON("{'medium':'Memory','sizeLimit':'2Gi'}"), *limit = JSON("'memory':'16Mi'");
	assert_int_equal(tmpfs_size(root, "", free_size), 1 << 30);
	assert_int_equal(tmpfs_size(root, limit, free_size), 16 << 20);
	assert_int_equal(tmpfs_size(root, limit, small), 1 << 20);
	assert_int_equal(tmpfs_size(root, limit, huge), 16 << 20);
	remove_all(root);
}

/* Which pages a medium stands for; the size is the kernel's to check. */
static void test_huge_pages(void **state)
{
#define ASKS(more) "'resources':{'requests':{'cpu':'1'" more "}}"
#define M2 ",'hugepages-2Mi':'4Mi'"
#define G1 ",'hugepages-1Gi':'1Gi'"
	static const struct {
		const char *medium, *init, *app, *level;
		int64_t page;
		const char *error;
	} rows[] = {
		{"HugePages", "", M2, "", 2 << 20, NULL},
		{"HugePages", M2, "", "", 2 << 20, NULL},
		{"HugePages", "", "", M2, 2 << 20, NULL},
		{"HugePages", M2, M2, M2, 2 << 20, NULL},
		{"HugePages-2Mi", "", M2, "", 2 << 20, NULL},
		{"HugePages-2Mi", G1, M2, "", 2 << 20, NULL},
		{"HugePages-2048Ki", "", M2, "", 2 << 20, NULL},
		{"HugePages", G1, M2, "", 0,
		 "medium: HugePages can't be used if container requests multiple huge page sizes"},
		{"HugePages", "", M2, M2 G1, 0,
		 "medium: HugePages can't be used if container requests multiple huge page sizes"},
		{"HugePages", "", "", "", 0,
		 "medium HugePages: hugePages storage requested, but there is no resource request for huge pages"},
		{"HugePages-1Gi", "", M2, "", 0,
		 "medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages"},
		{"HugePages-0", "", M2, "", 0,
		 "medium HugePages-0: hugePages storage requested, but there is no resource request for huge pages"},
		{"HugePages-", "", M2, "", 0, "quantities must match"},
		{"HugePages2Mi", "", M2, "", 0, "unknown storage medium \"HugePages2Mi\""},
	};
	char root[] = "/tmp/volumes_test.XXXXXX";
	if (geteuid() != 0 || access(HUGEPAGES_DIR "/hugepages-2048kB", F_OK) < 0)
		skip();
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(
			JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'volumes':[{'name':'m',"
			     "'emptyDir':{'medium':'%s'}}]," ASKS("%s") ",'initContainers':[{'name':'i','image':'i'," ASKS(
				     "%s") "}],'containers':[{'name':'a','image':'i'," ASKS("%s") "}]}}"),
			rows[i].medium, rows[i].level, rows[i].init, rows[i].app);
		for (char *c = text; (c = strchr(c, '\''));)
			*c = '"';
		struct pod *p = make_pod(text);
		struct err why = set_up(root, p), err = ERR_INIT;
		autofree char *path = mem_printf("%s/pods/u/volumes/kubernetes.io~empty-dir/m", root);
		struct statfs fs;
		if (rows[i].error ? !strstr(why.msg, rows[i].error) : why.reason != REASON_NONE)
			fail_msg("row %zu: %s", i, why.msg);
		if (!rows[i].error) {
			assert_int_equal(statfs(path, &fs), 0);
			assert_int_equal(fs.f_type, HUGETLBFS_MAGIC);
			assert_int_equal(fs.f_bsize, rows[i].page);
			assert_string_equal(set_up(root, p).msg, ""); /* again: it is there */
		}
		assert_int_equal(volumes_tear_down(root, "u", &err), 0);
		free_pod(p);
	}
	remove_all(root);
}

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
		assert_string_equal(set_up(root, p).msg, "");
		autofree char *volume = mem_printf("%s/pods/u/volumes/kubernetes.io~empty-dir/e", root);
		assert_int_equal(stat(volume, &st), 0);
		assert_int_equal(st.st_gid, 1234);
		assert_int_equal(st.st_mode & 07777, 02777);
	}
	struct runtime_mount m = {0};
	assert_int_equal(volumes_mount(&a, root, p, &p->list.v[0], 0, "x/y", NULL, &m, &err), 0);
	assert_int_equal(stat(m.host, &st), 0);
	assert_int_equal(st.st_gid, 1234);
	assert_int_equal(st.st_mode & 07777, 02777);
	assert_int_equal(stat(host, &st), 0);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(st.st_mode & 07777, 0700);
	free_pod(p);
	remove_all(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),	   cmocka_unit_test(test_fs_group),
		cmocka_unit_test(test_downward),   cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_missing),	   cmocka_unit_test(test_memory),
		cmocka_unit_test(test_huge_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
