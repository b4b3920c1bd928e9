// istiod answers, in process, what the real istiod and istioctl would, one JSON value on standard output for each on
// standard input:
//
//	istiod -certs DIR
//	{"do": "admit", "objects": [...]}     what the validating webhook says of Istio's objects: refusals and warnings
//	{"do": "analyze", "objects": [...]}   what istioctl's analyzers say of a cluster's objects
//	{"do": "generate", "objects": [...]}  what each proxy of a cluster would be sent; with "inbound": true, what it would
//	                                      be sent of the calls that it receives; "identities" get certificates, too
//
// Objects are Kubernetes' own JSON. Of a cluster's, a workload becomes one pod, which the real injector has seen;
// Services get EndpointSlices; the ConfigMaps `istio` and `istio-sidecar-injector`, as Helm renders them, are the
// configuration of mesh and injector; what is no business of istiod's is counted and left out. Pods get 127.21.x.y and
// Services 127.121.x.y, no two of one process the same, so that one Envoy can bind the very addresses that istiod
// generated for many clusters. DIR gets ca.pem and a certificate per account, TRUST-DOMAIN~NAMESPACE~ACCOUNT.pem and .key;
// of an identity nobody has to run, TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT.
// The environment is istiod's own: clusters whose charts set other variables need another process.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

type request struct {
	Do         string
	Inbound    bool
	Objects    []json.RawMessage
	Identities []string
}

// What one request becomes.
type answer struct {
	Error    string     `json:"error,omitempty"`
	Said     []string   `json:"said"` // by the webhook or an analyzer
	Skipped  []string   `json:"skipped"`
	Services []*service `json:"services"`
	Pods     []*pod     `json:"pods"`
}

func main() {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	must(log.Configure(options))
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.ErrorLevel)
	}
	certs := flag.String("certs", "", "folder for certificates")
	flag.Parse()
	authority, webhook := newAuthority(*certs), newWebhook()
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var r request
		err := requests.Decode(&r)
		if err == io.EOF {
			return
		}
		must(err)
		must(answers.Encode(serve(&r, authority, webhook)))
	}
}

// serve answers a request; a panic of istiod's is an answer too.
func serve(r *request, authority *authority, webhook *webhook) *answer {
	a := &answer{Said: []string{}, Skipped: []string{}, Services: []*service{}, Pods: []*pod{}}
	err := test.Wrap(func(t test.Failer) {
		defer func() {
			if fault := recover(); fault != nil {
				a.Error = fmt.Sprint(fault)
			}
		}()
		switch r.Do {
		case "admit":
			for _, o := range r.Objects {
				a.Said = append(a.Said, webhook.admit(o)...)
			}
		case "analyze":
			newCluster(r.Objects).analyze(t, a)
		case "generate":
			for _, identity := range r.Identities {
				part := strings.Split(identity, "/")
				authority.issue(part[0], part[2], part[4])
			}
			newCluster(r.Objects).generate(t, a, authority, r.Inbound)
		default:
			panic("unknown request " + r.Do)
		}
	})
	if err != nil && a.Error == "" {
		a.Error = err.Error()
	}
	return a
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
