// istiod generates, in process, what the real istiod would send to each proxy, from plain YAML.
//
//	istiod -certs DIR CASE...
//
// A case is a folder of *.yaml files; each gives one line of JSON on standard output. Istio's kinds go to istiod's store,
// validated as its webhook would; Kubernetes' own to a fake client, a workload as one pod, with EndpointSlices for
// Services. The ConfigMap `istio`, as Helm renders it, is the mesh configuration; what is no business of istiod's is
// counted and left out. Pods get 127.21.x.y and Services 127.121.x.y, so that a local Envoy can bind the very addresses
// that istiod generated. DIR gets ca.pem and a certificate per account, TRUST-DOMAIN~NAMESPACE~ACCOUNT.pem and .key.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	_ "istio.io/istio/pkg/config/xds" // registers every Envoy type, for protojson
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/spiffe"
	"istio.io/istio/pkg/test"
)

type object = map[string]any

// What one case becomes.
type result struct {
	Case       string     `json:"case"`
	Error      string     `json:"error,omitempty"`
	Validation []string   `json:"validation"` // what the webhook says: refusals and warnings
	Analysis   []string   `json:"analysis"`   // what istioctl's analyzers say
	Skipped    []string   `json:"skipped"`
	Services   []*service `json:"services"`
	Pods       []*pod     `json:"pods"`
}

type service struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	IP        string `json:"ip"`
}

type pod struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	IP          string            `json:"ip"`
	Proxy       string            `json:"proxy"` // sidecar, router, or none
	Labels      map[string]string `json:"labels"`
	Ports       []int32           `json:"ports"`
	Certificate string            `json:"certificate"`
	Listeners   []json.RawMessage `json:"listeners,omitempty"`
	Clusters    []json.RawMessage `json:"clusters,omitempty"`
	Routes      []json.RawMessage `json:"routes,omitempty"`
	Endpoints   []json.RawMessage `json:"endpoints,omitempty"`
}

type cluster struct {
	namespaces map[string]map[string]string // labels
	pods       []*corev1.Pod
	services   []*corev1.Service
	objects    []runtime.Object
	configs    []config.Config
	mesh       string
	result     *result
}

// Never reset: addresses differ between the cases of one run, so that one Envoy can hold them all.
var pods, services int

func main() {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	must(log.Configure(options))
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.ErrorLevel)
	}
	certs := flag.String("certs", "", "folder for certificates")
	flag.Parse()
	authority := newAuthority(*certs)
	lines := json.NewEncoder(os.Stdout)
	for _, path := range flag.Args() {
		must(lines.Encode(generate(path, authority)))
	}
}

func generate(path string, authority *authority) *result {
	r := &result{Case: path, Validation: []string{}, Analysis: []string{}, Skipped: []string{}}
	err := test.Wrap(func(t test.Failer) {
		defer func() {
			if fault := recover(); fault != nil {
				r.Error = fmt.Sprint(fault)
			}
		}()
		c := &cluster{namespaces: map[string]map[string]string{}, result: r}
		files := texts(path)
		for _, file := range files {
			for _, document := range strings.Split("\n"+file.text, "\n---") {
				c.add([]byte(document))
			}
		}
		c.complete()
		c.analyze(t, files)
		meshConfig, err := mesh.ApplyMeshConfigDefaults(c.mesh)
		must(err)
		spiffe.SetTrustDomain(meshConfig.TrustDomain) // as pilot/pkg/bootstrap does
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			KubernetesObjects: c.objects, Configs: c.configs, MeshConfig: meshConfig, DisableSecretAuthorization: true,
		})
		for _, s := range c.services {
			r.Services = append(r.Services, &service{s.Name, s.Namespace, s.Spec.ClusterIP})
		}
		for _, p := range c.pods {
			r.Pods = append(r.Pods, c.configure(server, p, meshConfig.TrustDomain, authority))
		}
	})
	if err != nil && r.Error == "" {
		r.Error = err.Error()
	}
	return r
}

func (c *cluster) configure(server *xds.FakeDiscoveryServer, p *corev1.Pod, trustDomain string, authority *authority) *pod {
	account := p.Spec.ServiceAccountName
	made := &pod{Name: p.Name, Namespace: p.Namespace, IP: p.Status.PodIP, Proxy: c.proxy(p), Labels: p.Labels, Ports: []int32{}}
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			made.Ports = append(made.Ports, port.ContainerPort)
		}
	}
	if made.Proxy == "none" {
		return made
	}
	made.Certificate = authority.issue(trustDomain, p.Namespace, account)
	node := server.SetupProxy(&model.Proxy{
		Type: model.NodeType(made.Proxy), ID: p.Name + "." + p.Namespace, ConfigNamespace: p.Namespace,
		IPAddresses: []string{made.IP}, Labels: p.Labels, DNSDomain: p.Namespace + ".svc.cluster.local",
		Metadata: &model.NodeMetadata{
			Namespace: p.Namespace, Labels: p.Labels, ClusterID: "Kubernetes", ServiceAccount: account, WorkloadName: p.Name,
		},
	})
	listeners := server.Listeners(node)
	made.Listeners, made.Clusters = dump(listeners), dump(server.Clusters(node))
	made.Routes, made.Endpoints = dump(server.RoutesFromListeners(node, listeners)), dump(server.Endpoints(node))
	return made
}

func (c *cluster) add(document []byte) {
	o := object{}
	must(yaml.Unmarshal(document, &o))
	if len(o) == 0 {
		return
	}
	api, _ := o["apiVersion"].(string)
	kind, _ := o["kind"].(string)
	group, _, grouped := strings.Cut(api, "/")
	if !grouped {
		group = ""
	}
	switch {
	case strings.HasSuffix(group, "istio.io"):
		c.addConfig(document)
	case api == "v1" && kind == "Namespace":
		n := as[corev1.Namespace](o)
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels["kubernetes.io/metadata.name"] = n.Name
		c.namespaces[n.Name] = n.Labels
		c.objects = append(c.objects, n)
	case api == "v1" && kind == "Service":
		c.addService(as[corev1.Service](o))
	case api == "apps/v1" && (kind == "Deployment" || kind == "DaemonSet"):
		w := as[struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
			Spec     struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}](o)
		meta := w.Spec.Template.ObjectMeta
		meta.Name, meta.Namespace = w.Metadata.Name, w.Metadata.Namespace
		c.addPod(meta, w.Spec.Template.Spec)
	case api == "v1" && kind == "ConfigMap" && as[corev1.ConfigMap](o).Name == "istio":
		c.mesh = as[corev1.ConfigMap](o).Data["mesh"]
	case api == "v1" && (kind == "ServiceAccount" || kind == "Secret"):
		decoded, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(document, nil, nil)
		must(err)
		c.objects = append(c.objects, decoded)
	default:
		c.result.Skipped = append(c.result.Skipped, api+" "+kind)
	}
}

// addConfig parses and validates as the webhook does, whose warnings count too.
func (c *cluster) addConfig(document []byte) {
	parsed, _, err := crd.ParseInputs(string(document))
	if err != nil {
		c.result.Validation = append(c.result.Validation, "refused: "+err.Error())
		return
	}
	for _, one := range parsed {
		id := fmt.Sprintf("%s %s/%s", one.GroupVersionKind.Kind, one.Namespace, one.Name)
		if schema, ok := collections.All.FindByGroupVersionAliasesKind(one.GroupVersionKind); ok {
			warning, err := schema.ValidateConfig(one)
			if err != nil {
				c.result.Validation = append(c.result.Validation, "refused: "+id+": "+err.Error())
			}
			if warning != nil {
				c.result.Validation = append(c.result.Validation, "warned: "+id+": "+warning.Error())
			}
		}
		c.configs = append(c.configs, one)
	}
}

func (c *cluster) addService(s *corev1.Service) {
	services++
	if s.Spec.Type == "" {
		s.Spec.Type = corev1.ServiceTypeClusterIP
	}
	s.Spec.ClusterIP = fmt.Sprintf("127.%d.%d.%d", 121+services/62500, services/250%250, services%250+1)
	s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if port.TargetPort == (intstr.IntOrString{}) {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
	c.services = append(c.services, s)
}

func (c *cluster) addPod(meta metav1.ObjectMeta, spec corev1.PodSpec) {
	pods++
	ip := fmt.Sprintf("127.%d.%d.%d", 21+pods/62500, pods/250%250, pods%250+1)
	p := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: meta, Spec: spec}
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	if p.Spec.ServiceAccountName == "" {
		p.Spec.ServiceAccountName = "default"
	}
	for i := range p.Spec.Containers {
		for j := range p.Spec.Containers[i].Ports {
			p.Spec.Containers[i].Ports[j].Protocol = corev1.ProtocolTCP
		}
	}
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	c.pods = append(c.pods, p)
}

// complete adds what a cluster's controllers and the injector would.
func (c *cluster) complete() {
	for _, s := range c.services {
		c.objects = append(c.objects, s)
		for _, p := range c.pods {
			if p.Namespace == s.Namespace && selects(s.Spec.Selector, p.Labels) {
				c.objects = append(c.objects, slice(s, p))
			}
		}
	}
	for _, p := range c.pods {
		if c.proxy(p) != "none" {
			p.Labels["security.istio.io/tlsMode"] = "istio" // istiod's automatic mutual TLS looks at it
		}
		c.objects = append(c.objects, p)
	}
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func slice(s *corev1.Service, p *corev1.Pod) *discoveryv1.EndpointSlice {
	ready := true
	made := &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta:  metav1.ObjectMeta{Name: s.Name + "-" + p.Name, Namespace: s.Namespace, Labels: map[string]string{discoveryv1.LabelServiceName: s.Name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{p.Status.PodIP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: p.Name, Namespace: p.Namespace},
		}},
	}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		number := port.TargetPort.IntVal
		for _, container := range p.Spec.Containers {
			for _, named := range container.Ports {
				if port.TargetPort.Type == intstr.String && named.Name == port.TargetPort.StrVal {
					number = named.ContainerPort
				}
			}
		}
		made.Ports = append(made.Ports, discoveryv1.EndpointPort{Name: &port.Name, Protocol: &port.Protocol, Port: &number, AppProtocol: port.AppProtocol})
	}
	return made
}

// proxy decides as the webhook of a default-revision mesh: the pod's label over its annotation over the namespace.
func (c *cluster) proxy(p *corev1.Pod) string {
	namespace := c.namespaces[p.Namespace]
	injected := namespace["istio-injection"] == "enabled"
	own, ok := p.Labels["sidecar.istio.io/inject"]
	if !ok {
		own, ok = p.Annotations["sidecar.istio.io/inject"]
	}
	if ok && namespace["istio-injection"] != "disabled" {
		injected = own == "true"
	}
	switch {
	case !injected || p.Spec.HostNetwork:
		return "none"
	case p.Annotations["inject.istio.io/templates"] == "gateway":
		return "router"
	default:
		return "sidecar"
	}
}

// analyze is istioctl's, with the Pods that `istioctl analyze --use-kube=false` leaves out.
func (c *cluster) analyze(t test.Failer, files []file) {
	source := local.NewSourceAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	var readers []local.ReaderSource
	for _, f := range files {
		readers = append(readers, local.ReaderSource{Name: f.path, Reader: strings.NewReader(f.text)})
	}
	for _, p := range c.pods {
		text, err := yaml.Marshal(p)
		must(err)
		readers = append(readers, local.ReaderSource{Name: "pod " + p.Namespace + "/" + p.Name, Reader: strings.NewReader(string(text))})
	}
	if err := source.AddTestReaderKubeSource(readers); err != nil {
		c.result.Analysis = append(c.result.Analysis, err.Error())
	}
	found, err := source.Analyze(test.NewStop(t))
	must(err)
	for _, message := range found.Messages {
		c.result.Analysis = append(c.result.Analysis, message.String())
	}
}

type file struct{ path, text string }

func texts(folder string) (files []file) {
	must(filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		must(err)
		if !entry.IsDir() && filepath.Ext(path) == ".yaml" {
			text, err := os.ReadFile(path)
			must(err)
			files = append(files, file{path, string(text)})
		}
		return nil
	}))
	return files
}

func dump[T proto.Message](messages []T) []json.RawMessage {
	dumped := make([]json.RawMessage, 0, len(messages))
	for _, message := range messages {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
		must(err)
		dumped = append(dumped, text)
	}
	return dumped
}

// as goes through JSON: the same decoding as the API server's, less its defaulting.
func as[T any](o any) *T {
	text, err := json.Marshal(o)
	must(err)
	made := new(T)
	must(json.Unmarshal(text, made))
	return made
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
