/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cni.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "network/network.h"
#include "object/json.h"
#include "object/json_test.h"
#include "os/tree.h"

static const struct network_config net = {.root = "/r", .cluster_id = "abc123"};
static const struct cni_port ports[] = {{.container_port = 80, .host_port = 8080, .protocol = "UDP"}};

static struct cni_list *default_list(void)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(network_default_config(&net, "10.244.3.0/24", &b, &err), 0);
	struct cni_list *l = cni_list_parse(b.p, b.len, &err);
	assert_non_null(l);
	return l;
}

static js *config_of(const struct cni_list *l, size_t i, const struct cni_attachment *a, const char *prev)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(cni_plugin_config(l, i, a, prev, &b, &err), 0);
	js *o = js_parse(b.p, b.len, NULL, &err);
	assert_non_null(o);
	return o;
}

static void test_default(void **state)
{
	struct cni_list *l = default_list();
	struct cni_attachment a = {.ports = ports, .n_ports = 1};
	assert_string_equal(cni_list_name(l), "coracle-abc123");
	assert_int_equal(cni_list_plugins(l), 2);
	autojson js *bridge = config_of(l, 0, &a, NULL);
	assert_string_equal(js_str0(bridge, "bridge", NULL), "corabc123");
	assert_string_equal(js_str0(bridge, "name", NULL), "coracle-abc123");
	assert_string_equal(js_str0(bridge, "cniVersion", NULL), "1.0.0");
	assert_null(js_get(bridge, "runtimeConfig", NULL));
	const js *range = js_at(js_arr(bridge, "ipam", "ranges", NULL), 0);
	assert_string_equal(js_str0(js_at(range, 0), "subnet", NULL), "10.244.3.0/24");
	autojson js *portmap = config_of(l, 1, &a, JSON("{'ips':[]}"));
	assert_null(js_get(portmap, "capabilities", NULL));
	assert_non_null(js_get(portmap, "prevResult", "ips", NULL));
	const js *m = js_at(js_arr(portmap, "runtimeConfig", "portMappings", NULL), 0);
	assert_int_equal(js_int(m, 0, "hostPort", NULL), 8080);
	assert_int_equal(js_int(m, 0, "containerPort", NULL), 80);
	assert_string_equal(js_str0(m, "protocol", NULL), "udp");
	cni_list_free(l);
}

static void test_bad_cidr(void **state)
{
	static const char *const bad[] = {"",	  "10.0.0.0",	  "10.0.0.0/33", "10.0.0.0/31",
					  "x/24", "10.0.0.0/24,", "10.0.0/8"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		if (network_default_config(&net, bad[i], &b, &err) == 0)
			fail_msg("accepted %s", bad[i]);
		assert_int_equal(err.reason, REASON_INVALID);
	}
}

static void test_lists(void **state)
{
	const struct {
		const char *text;
		size_t plugins; /* 0 = refused */
	} rows[] = {
		{JSON("{'name':'n','type':'ptp'}"), 1},
		{JSON("{'name':'n','plugins':[{'type':'a'},{'type':'b'}]}"), 2},
		{JSON("{'name':'n','plugins':[]}"), 0},
		{JSON("{'name':'n','type':'../sh'}"), 0},
		{JSON("{'name':'n','type':'..'}"), 0},
		{JSON("{'name':'a/b','type':'x'}"), 0},
		{JSON("{'type':'x'}"), 0},
		{"[]", 0},
		{"", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct cni_list *l = cni_list_parse(rows[i].text, strlen(rows[i].text), &err);
		assert_int_equal(l ? cni_list_plugins(l) : 0, rows[i].plugins);
		cni_list_free(l);
	}
}

static void test_results(void **state)
{
	const struct {
		const char *text, *ip, *ip2; /* ip NULL: refused */
	} rows[] = {
		{JSON("{'ips':[{'address':'10.1.2.3/24'}]}"), "10.1.2.3", ""},
		{JSON("{'ips':[{'address':'10.1.2.3/24'},{'address':'fd00::5/64'}]}"), "10.1.2.3", "fd00::5"},
		{"{}", "", ""},
		{JSON("{'ips':[{'address':'10.1.2/24'}]}"), NULL, NULL},
		{JSON("{'ips':[{}]}"), NULL, NULL},
		{"nonsense", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct cni_result r;
		int rc = cni_result_parse(rows[i].text, strlen(rows[i].text), &r, &err);
		assert_int_equal(rc, rows[i].ip ? 0 : -1);
		if (rc == 0) {
			assert_string_equal(r.ips[0], rows[i].ip);
			assert_string_equal(r.ips[1], rows[i].ip2);
		}
	}
}

static void write_plugin(const char *dir, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", dir, name);
	assert_int_equal(tree_write(path, text, strlen(text), 0755, TREE_VOLATILE, &err), 0);
}

/* Plugins as shell scripts: order, prevResult, environment, and clean-up when the second one fails. */
static void test_chain(void **state)
{
	char dir[] = "/tmp/cni_test.XXXXXX";
	struct err err = ERR_INIT;
	assert_non_null(mkdtemp(dir));
	write_plugin(dir, "one",
		     "#!/bin/sh\ncd ${0%/*}; cat > one.$CNI_COMMAND; echo one $CNI_COMMAND $CNI_ARGS >> log\n"
		     "echo '{\"ips\":[{\"address\":\"10.9.9.9/24\"}]}'\n");
	write_plugin(dir, "two",
		     "#!/bin/sh\ncd ${0%/*}; cat > two.$CNI_COMMAND; echo two $CNI_COMMAND >> log\n"
		     "test ! -e broken || { echo '{\"code\":7,\"msg\":\"no luck\"}'; exit 1; }\n");
	const char *text =
		JSON("{'cniVersion':'1.0.0','name':'n','plugins':[{'type':'one'},{'type':'two'}]}");
	struct cni_list *l = cni_list_parse(text, strlen(text), &err);
	struct cni_attachment a = {.container_id = "c",
				   .netns = "/n",
				   .ifname = "eth0",
				   .pod_namespace = "ns",
				   .pod_name = "p",
				   .pod_uid = "u",
				   .bin_dirs = dir};
	struct cni_result r;
	autobuf struct buf raw = BUF_INIT, log = BUF_INIT, in = BUF_INIT;
	assert_int_equal(cni_add(l, &a, &raw, &r, &err), 0);
	assert_string_equal(r.ips[0], "10.9.9.9");
	assert_int_equal(cni_del(l, &a, raw.p, &err), 0);
	autofree char *path = mem_printf("%s/log", dir), *two = mem_printf("%s/two.DEL", dir),
		      *broken = mem_printf("%s/broken", dir);
	assert_int_equal(tree_read(path, 4096, &log, &err), 0);
	assert_string_equal(
		log.p,
		"one ADD IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;"
		"K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u\ntwo ADD\ntwo DEL\n"
		"one DEL IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u\n");
	assert_int_equal(tree_read(two, 4096, &in, &err), 0);
	assert_non_null(strstr(in.p, "10.9.9.9"));

	unlink(path);
	assert_int_equal(tree_write(broken, "", 0, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(cni_add(l, &a, &raw, &r, &err), -1);
	assert_string_equal(err.msg, "plugin type=\"two\" failed: no luck");
	buf_clear(&log);
	assert_int_equal(tree_read(path, 4096, &log, &err), 0);
	assert_non_null(strstr(log.p, "one DEL"));
	cni_list_free(l);
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void test_missing_plugin(void **state)
{
	const char *text = JSON("{'name':'n','type':'nowhere'}");
	struct err err = ERR_INIT;
	struct cni_list *l = cni_list_parse(text, strlen(text), &err);
	struct cni_attachment a = {.container_id = "c",
				   .netns = "/n",
				   .ifname = "eth0",
				   .pod_namespace = "ns",
				   .pod_name = "p",
				   .pod_uid = "u",
				   .bin_dirs = "/nonexistent:/tmp"};
	struct cni_result r;
	autobuf struct buf raw = BUF_INIT;
	assert_int_equal(cni_add(l, &a, &raw, &r, &err), -1);
	assert_string_equal(err.msg, "failed to find plugin \"nowhere\" in path [/nonexistent:/tmp]");
	cni_list_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default), cmocka_unit_test(test_bad_cidr),
		cmocka_unit_test(test_lists),	cmocka_unit_test(test_results),
		cmocka_unit_test(test_chain),	cmocka_unit_test(test_missing_plugin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
