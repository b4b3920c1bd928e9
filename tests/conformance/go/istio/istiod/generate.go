package main

import (
	"encoding/json"
	"slices"
	"strings"

	envoy "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	_ "istio.io/istio/pkg/config/xds" // registers every Envoy type, for protojson
	"istio.io/istio/pkg/spiffe"
	"istio.io/istio/pkg/test"
)

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
	Ports       []int32           `json:"ports"`
	Certificate string            `json:"certificate"`
	Included    string            `json:"included"` // the ports that iptables hands to the sidecar: "*", or a list
	Excluded    string            `json:"excluded"` // those that it does not, where "*" is included
	Listeners   []json.RawMessage `json:"listeners,omitempty"`
	Clusters    []json.RawMessage `json:"clusters,omitempty"`
	Routes      []json.RawMessage `json:"routes,omitempty"`
	Endpoints   []json.RawMessage `json:"endpoints,omitempty"`
}

// generate has istiod generate what each proxy would be sent.
func (c *cluster) generate(t test.Failer, a *answer, authority *authority, inbound bool) {
	mesh := c.meshConfig()
	spiffe.SetTrustDomain(mesh.TrustDomain) // as pilot/pkg/bootstrap does
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjects: c.objects(), Configs: c.configs, MeshConfig: mesh, DisableSecretAuthorization: true,
	})
	a.Skipped = append(a.Skipped, c.skipped...)
	for _, s := range c.services {
		a.Services = append(a.Services, &service{s.Name, s.Namespace, s.Spec.ClusterIP})
	}
	for _, p := range c.pods {
		a.Pods = append(a.Pods, configure(server, p, mesh.TrustDomain, authority, inbound))
	}
}

func configure(server *xds.FakeDiscoveryServer, p *corev1.Pod, trustDomain string, authority *authority, inbound bool) *pod {
	account := p.Spec.ServiceAccountName
	made := &pod{Name: p.Name, Namespace: p.Namespace, IP: p.Status.PodIP, Proxy: proxy(p), Ports: []int32{}}
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if container.Name != "istio-proxy" {
				made.Ports = append(made.Ports, port.ContainerPort)
			}
		}
	}
	if made.Proxy == "none" {
		return made
	}
	made.Certificate = authority.issue(trustDomain, p.Namespace, account)
	made.Included, made.Excluded = captured(p)
	node := server.SetupProxy(&model.Proxy{
		Type: model.NodeType(made.Proxy), ID: p.Name + "." + p.Namespace, ConfigNamespace: p.Namespace,
		IPAddresses: []string{made.IP}, Labels: p.Labels, DNSDomain: p.Namespace + ".svc.cluster.local",
		Metadata: &model.NodeMetadata{
			Namespace: p.Namespace, Labels: p.Labels, ClusterID: "Kubernetes", ServiceAccount: account, WorkloadName: p.Name,
		},
	})
	listeners, clusters := server.Listeners(node), server.Clusters(node)
	if inbound && made.Proxy == "sidecar" {
		listeners = slices.DeleteFunc(listeners, func(l *listener.Listener) bool { return l.Name != "virtualInbound" })
		clusters = slices.DeleteFunc(clusters, func(c *envoy.Cluster) bool { return !strings.HasPrefix(strings.ToLower(c.Name), "inbound") })
		made.Listeners, made.Clusters = dump(listeners), dump(clusters)
		return made
	}
	made.Listeners, made.Clusters = dump(listeners), dump(clusters)
	made.Routes, made.Endpoints = dump(server.RoutesFromListeners(node, listeners)), dump(server.Endpoints(node))
	return made
}

// captured returns what the injector has istio-iptables told of a pod's inbound ports.
func captured(p *corev1.Pod) (included, excluded string) {
	for _, container := range p.Spec.InitContainers {
		for i, argument := range container.Args {
			switch argument {
			case "-b":
				included = container.Args[i+1]
			case "-d":
				excluded = container.Args[i+1]
			}
		}
	}
	return included, excluded
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
