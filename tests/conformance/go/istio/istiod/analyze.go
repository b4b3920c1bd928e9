package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/test"
)

// analyze is istioctl's, with the Pods, Services and Secrets that `istioctl analyze --use-kube=false` leaves out.
func (c *cluster) analyze(t test.Failer, a *answer) {
	source := local.NewSourceAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	mesh, err := os.CreateTemp("", "mesh")
	must(err)
	defer os.Remove(mesh.Name())
	must(os.WriteFile(mesh.Name(), []byte(c.mesh), 0o600))
	must(source.AddFileKubeMeshConfig(mesh.Name()))
	var readers []local.ReaderSource
	read := func(o any) {
		text, err := json.Marshal(o)
		must(err)
		// What has the name of an earlier one replaces it.
		name := fmt.Sprintf("object %d", len(readers))
		readers = append(readers, local.ReaderSource{Name: name, Reader: strings.NewReader(string(text))})
	}
	for _, o := range c.given {
		read(o)
	}
	for _, p := range c.pods {
		read(p)
	}
	must(source.AddTestReaderKubeSource(readers))
	found, err := source.Analyze(test.NewStop(t))
	must(err)
	for _, message := range found.Messages {
		a.Said = append(a.Said, message.String())
	}
}
