/* SPDX-License-Identifier: Apache-2.0 */
/* GET /version: the API level, which kubectl and helm compare with their own. */
#include "object/version.h"
#include "rest/api.h"

void handle_version(struct request *rq, struct response *rs)
{
	static const char text[] =
		"{\n"
		"  \"major\": \"1\",\n"
		"  \"minor\": \"34\",\n"
		"  \"gitVersion\": \"" KUBERNETES_VERSION "\",\n"
		/* of upstream's tree, where clients look for a commit: none; they want hexadecimal digits */
		"  \"gitCommit\": \"0000000000000000000000000000000000000000\",\n"
		"  \"gitTreeState\": \"clean\",\n"
		"  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
		"  \"goVersion\": \"none\",\n"
		"  \"compiler\": \"cc\",\n"
#if defined(__aarch64__)
		"  \"platform\": \"linux/arm64\"\n"
#else
		"  \"platform\": \"linux/amd64\"\n"
#endif
		"}\n";
	rs->status = 200;
	response_static(rs, text, sizeof(text) - 1);
}
