/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceAccount: every Pod runs as somebody; who names nobody runs as "default". The account gives its pull secrets, and
 * may keep its Pods from other Secrets than its own. The deprecated twin field follows (kubernetes/kubernetes
 * plugin/pkg/admission/serviceaccount). Tokens are not mounted: there is no issuer yet.
 */
#include <string.h>
#include "admission/plugins.h"
#include "base/unique.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"
#define ENFORCE_ANNOTATION "kubernetes.io/enforce-mountable-secrets"

/* ---- mirrors of static Pods ---- */

static bool names_secret_in_container(const js *c)
{
	js_array_for_each (v, js_arr(c, "env", NULL))
		if (*js_str0(v, "valueFrom", "secretKeyRef", "name", NULL))
			return true;
	js_array_for_each (f, js_arr(c, "envFrom", NULL))
		if (*js_str0(f, "secretRef", "name", NULL))
			return true;
	return false;
}

static bool names_secret_in_volume(const js *v)
{
	/* upstream's list of those who know one */
	static const char *const refs[][2] = {
		{"cephfs", "secretRef"},    {"cinder", "secretRef"},	     {"flexVolume", "secretRef"},
		{"rbd", "secretRef"},	    {"scaleIO", "secretRef"},	     {"iscsi", "secretRef"},
		{"storageos", "secretRef"}, {"csi", "nodePublishSecretRef"},
	};

	if (*js_str0(v, "azureFile", "secretName", NULL) || *js_str0(v, "secret", "secretName", NULL))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(refs); i++)
		if (*js_str0(v, refs[i][0], refs[i][1], "name", NULL))
			return true;
	js_array_for_each (s, js_arr(v, "projected", "sources", NULL))
		if (*js_str0(s, "secret", "name", NULL))
			return true;
	return false;
}

static bool names_secret(const js *spec)
{
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};

	js_array_for_each (s, js_arr(spec, "imagePullSecrets", NULL))
		if (*js_str0(s, "name", NULL))
			return true;
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(spec, lists[l], NULL))
			if (names_secret_in_container(c))
				return true;
	js_array_for_each (v, js_arr(spec, "volumes", NULL))
		if (names_secret_in_volume(v))
			return true;
	return false;
}

/* They get nothing from the API, and what they may not have they may not name. */
static enum admission_answer admit_mirror(struct admission_call *a, const js *spec, struct err *err)
{
	if (*js_str0(spec, "serviceAccountName", NULL))
		return admission_forbid(a, err, "a mirror pod may not reference service accounts");
	if (names_secret(spec))
		return admission_forbid(a, err, "a mirror pod may not reference secrets");
	js_array_for_each (v, js_arr(spec, "volumes", NULL))
		js_array_for_each (s, js_arr(v, "projected", "sources", NULL))
			if (js_field(s, "serviceAccountToken"))
				return admission_forbid(
					a, err,
					"a mirror pod may not use ServiceAccountToken volume projections");
	return ADMISSION_ALLOW;
}

/* ---- accounts that say which Secrets their Pods may use ---- */

static void note_names(struct unique *names, const js *list)
{
	js_array_for_each (ref, list)
		unique_seen(names, js_str0(ref, "name", NULL));
}

static int check_env(struct admission_call *a, const struct unique *secrets, const char *list,
		     const char *what, const char *account, struct err *err)
{
	js_array_for_each (c, js_arr(a->obj, "spec", list, NULL)) {
		js_array_for_each (v, js_arr(c, "env", NULL)) {
			const js *ref = js_obj(v, "valueFrom", "secretKeyRef", NULL);
			const char *name = js_str0(ref, "name", NULL);
			if (ref && !unique_has(secrets, name))
				return admission_forbid(
					a, err,
					"%s %s with envVar %s referencing secret.secretName=\"%s\" is not allowed because service account %s does not reference that secret",
					what, js_str0(c, "name", NULL), js_str0(v, "name", NULL), name,
					account);
		}
		js_array_for_each (f, js_arr(c, "envFrom", NULL)) {
			const char *name = js_str0(f, "secretRef", "name", NULL);
			if (js_obj(f, "secretRef", NULL) && !unique_has(secrets, name))
				return admission_forbid(
					a, err,
					"%s %s with envFrom referencing secret.secretName=\"%s\" is not allowed because service account %s does not reference that secret",
					what, js_str0(c, "name", NULL), name, account);
		}
	}
	return 0;
}

static int check_secrets(struct admission_call *a, const js *sa, const char *account, struct err *err)
{
	autounique struct unique secrets = {.n = 0};

	note_names(&secrets, js_arr(sa, "secrets", NULL));
	js_array_for_each (v, js_arr(a->obj, "spec", "volumes", NULL)) {
		const char *name = js_str0(v, "secret", "secretName", NULL);
		if (js_field(v, "secret") && !unique_has(&secrets, name))
			return admission_forbid(
				a, err,
				"volume with secret.secretName=\"%s\" is not allowed because service account %s does not reference that secret",
				name, account);
	}
	if (check_env(a, &secrets, "initContainers", "init container", account, err) < 0)
		return -1;
	return check_env(a, &secrets, "containers", "container", account, err);
}

static int check_pull_secrets(struct admission_call *a, const js *sa, const char *account, struct err *err)
{
	autounique struct unique secrets = {.n = 0};

	note_names(&secrets, js_arr(sa, "imagePullSecrets", NULL));
	js_array_for_each (s, js_arr(a->obj, "spec", "imagePullSecrets", NULL)) {
		const char *name = js_str0(s, "name", NULL);
		if (!unique_has(&secrets, name))
			return admission_forbid(
				a, err,
				"imagePullSecrets[%zu].name=\"%s\" is not allowed because service account %s does not reference that imagePullSecret",
				s_i, name, account);
	}
	return 0;
}

/* strconv.ParseBool's yes. */
static bool is_true(const char *s)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!strcmp(s, yes[i]))
			return true;
	return false;
}

static void give_pull_secrets(js *spec, const js *sa)
{
	js_array_for_each (s, js_arr(sa, "imagePullSecrets", NULL)) {
		js *ref = js_new_obj();
		js_set_str(ref, "name", js_str0(s, "name", NULL));
		js_push(js_ensure_arr(spec, "imagePullSecrets"), ref);
	}
}

/* What the account gives, and what it keeps from its Pods. Most say neither, which their bytes tell. */
static int apply(struct admission_call *a, js *spec, const struct obj *account, struct err *err)
{
	if (!strstr(account->bytes, "imagePullSecrets") && !strstr(account->bytes, ENFORCE_ANNOTATION))
		return 0;
	autojson js *sa = obj_tree(account, err);
	if (!sa)
		return -1;
	const char *name = js_str0(sa, "metadata", "name", NULL);
	if (!js_len(js_arr(spec, "imagePullSecrets", NULL)))
		give_pull_secrets(spec, sa);
	if (!is_true(js_str0(sa, "metadata", "annotations", ENFORCE_ANNOTATION, NULL)))
		return 0;
	return check_secrets(a, sa, name, err) < 0 ? -1 : check_pull_secrets(a, sa, name, err);
}

/* ---- the row ---- */

/* Who names an account means one that exists. The default one may still be missing: it comes with its namespace, and a
   Pod may be faster. */
static enum admission_answer look_up(struct admission_call *a, js *spec, const char *name, struct err *err)
{
	autoobj struct obj *account = admission_find(a, "", "ServiceAccount", a->ns, name);

	if (account)
		return apply(a, spec, account, err) < 0 ? ADMISSION_REFUSE : ADMISSION_ALLOW;
	if (!strcmp(name, "default"))
		return ADMISSION_ALLOW;
	if (!admission_is_fresh(a))
		return admission_when_fresh(a);
	return admission_forbid(a, err,
				"error looking up service account %s/%s: serviceaccount \"%s\" not found",
				a->ns, name, name);
}

enum admission_answer admit_service_account(struct admission_call *a, struct err *err)
{
	js *spec = js_ensure(a->obj, "spec", NULL);
	const char *name = js_str0(spec, "serviceAccountName", NULL);

	if (js_get(a->obj, "metadata", "annotations", MIRROR_ANNOTATION, NULL))
		return admit_mirror(a, spec, err);
	if (!*name) {
		js_set_str(spec, "serviceAccountName", "default");
		name = "default";
	}
	enum admission_answer answer = look_up(a, spec, name, err);
	if (answer != ADMISSION_ALLOW)
		return answer;
	if (strcmp(js_str0(spec, "serviceAccount", NULL), name))
		js_set_str(spec, "serviceAccount", js_str0(spec, "serviceAccountName", NULL));
	return ADMISSION_ALLOW;
}
