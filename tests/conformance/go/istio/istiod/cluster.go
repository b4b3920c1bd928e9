package main

import (
	"encoding/json"
	"fmt"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/inject"
)

// A cluster is what an API server would hold once its controllers and the injector have done their part.
type cluster struct {
	given      []json.RawMessage
	namespaces map[string]labels.Set
	pods       []*corev1.Pod
	services   []*corev1.Service
	others     []runtime.Object
	configs    []config.Config
	mesh       string
	injector   *injector
	webhooks   []admissionregistration.MutatingWebhook
	skipped    []string
}

// Never reset: addresses differ between the clusters of one process.
var pods, services int

func newCluster(objects []json.RawMessage) *cluster {
	c := &cluster{given: objects, namespaces: map[string]labels.Set{}}
	for _, o := range objects {
		c.add(o)
	}
	for i, p := range c.pods {
		c.pods[i] = c.inject(p)
	}
	return c
}

func (c *cluster) add(o json.RawMessage) {
	var meta metav1.PartialObjectMetadata
	must(json.Unmarshal(o, &meta))
	api, kind := meta.APIVersion, meta.Kind
	switch {
	case strings.HasSuffix(meta.GroupVersionKind().Group, "istio.io"):
		c.addConfig(o)
	case api == "v1" && kind == "Namespace":
		n := as[corev1.Namespace](o)
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels["kubernetes.io/metadata.name"] = n.Name
		c.namespaces[n.Name] = n.Labels
		c.others = append(c.others, n)
	case api == "v1" && kind == "Service":
		c.addService(as[corev1.Service](o))
	case api == "v1" && kind == "Pod":
		p := as[corev1.Pod](o)
		c.addPod(p.ObjectMeta, p.Spec)
	case api == "apps/v1" || api == "batch/v1" && kind == "Job":
		w := as[struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}](o)
		made := w.Spec.Template.ObjectMeta
		made.Name, made.Namespace = meta.Name, meta.Namespace
		c.addPod(made, w.Spec.Template.Spec)
	case api == "v1" && kind == "ConfigMap" && meta.Name == "istio":
		c.mesh = as[corev1.ConfigMap](o).Data["mesh"]
	case api == "v1" && kind == "ConfigMap" && meta.Name == "istio-sidecar-injector":
		c.injector = injectorOf(as[corev1.ConfigMap](o).Data)
	case kind == "MutatingWebhookConfiguration":
		c.webhooks = append(c.webhooks, as[admissionregistration.MutatingWebhookConfiguration](o).Webhooks...)
	case api == "v1" && (kind == "ServiceAccount" || kind == "Secret"):
		decoded, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(o, nil, nil)
		must(err)
		c.others = append(c.others, decoded)
	default:
		c.skipped = append(c.skipped, api+" "+kind)
	}
}

// addConfig reads what istiod's store holds, valid or not: an API server without the webhook admits it all.
func (c *cluster) addConfig(o json.RawMessage) {
	kind := as[crd.IstioKind](o)
	gvk := kind.GroupVersionKind()
	schema, ok := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if !ok {
		panic("istiod knows no " + gvk.String())
	}
	made, err := crd.ConvertObject(schema, kind, constants.DefaultClusterLocalDomain)
	must(err)
	c.configs = append(c.configs, *made)
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
			if port := &p.Spec.Containers[i].Ports[j]; port.Protocol == "" {
				port.Protocol = corev1.ProtocolTCP
			}
		}
	}
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	c.pods = append(c.pods, p)
}

// inject puts a pod through the injector where an API server would: where a webhook selects namespace and pod.
func (c *cluster) inject(p *corev1.Pod) *corev1.Pod {
	for _, webhook := range c.webhooks {
		if matches(webhook.NamespaceSelector, c.namespaces[p.Namespace]) && matches(webhook.ObjectSelector, p.Labels) {
			i := c.injector
			made, err := inject.IntoObject(nil, i.templates, i.values, "default", c.meshConfig(), p, func(string) {})
			must(err)
			return made.(*corev1.Pod)
		}
	}
	return p
}

// An injector is what its ConfigMap makes of it.
type injector struct {
	templates inject.Templates
	values    inject.ValuesConfig
}

// Parsing takes longer than injecting, and the clusters of one process mostly have the same.
var injectors = map[string]*injector{}

func injectorOf(data map[string]string) *injector {
	key := data["config"] + data["values"]
	if known := injectors[key]; known != nil {
		return known
	}
	configuration, err := inject.UnmarshalConfig([]byte(data["config"]))
	must(err)
	templates, err := inject.ParseTemplates(configuration.RawTemplates)
	must(err)
	values, err := inject.NewValuesConfig(data["values"])
	must(err)
	injectors[key] = &injector{templates, values}
	return injectors[key]
}

func matches(selector *metav1.LabelSelector, of labels.Set) bool {
	made, err := metav1.LabelSelectorAsSelector(selector)
	must(err)
	return made.Matches(of)
}

// proxy says which proxy the injector has given a pod: sidecar, router, or none.
func proxy(p *corev1.Pod) string {
	switch {
	case p.Annotations["sidecar.istio.io/status"] == "":
		return "none"
	case p.Annotations["inject.istio.io/templates"] == "gateway":
		return "router"
	default:
		return "sidecar"
	}
}

func (c *cluster) meshConfig() *meshconfig.MeshConfig {
	made, err := mesh.ApplyMeshConfigDefaults(c.mesh)
	must(err)
	return made
}

// objects returns what istiod watches of Kubernetes' own.
func (c *cluster) objects() []runtime.Object {
	objects := c.others
	for _, s := range c.services {
		objects = append(objects, s)
		for _, p := range c.pods {
			if p.Namespace == s.Namespace && len(s.Spec.Selector) > 0 && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(p.Labels)) {
				objects = append(objects, slice(s, p))
			}
		}
	}
	for _, p := range c.pods {
		objects = append(objects, p)
	}
	return objects
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

// as is the API server's decoding, less its defaulting.
func as[T any](o json.RawMessage) *T {
	made := new(T)
	must(json.Unmarshal(o, made))
	return made
}
