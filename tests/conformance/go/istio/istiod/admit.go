package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	admission "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/webhooks/validation/server"
)

// A webhook is istiod's validating webhook, set up as pilot/pkg/bootstrap does.
type webhook struct{ mux *http.ServeMux }

func newWebhook() *webhook {
	mux := http.NewServeMux()
	_, err := server.New(server.Options{
		Schemas: collections.PilotGatewayAPI(), DomainSuffix: constants.DefaultClusterLocalDomain, Mux: mux,
	})
	must(err)
	return &webhook{mux}
}

// admit asks about one object as the API server does when it is created, and returns a refusal or warnings.
func (w *webhook) admit(o json.RawMessage) (said []string) {
	var meta metav1.PartialObjectMetadata
	must(json.Unmarshal(o, &meta))
	id := fmt.Sprintf("%s %s/%s", meta.Kind, meta.Namespace, meta.Name)
	kind := meta.GroupVersionKind()
	review, err := json.Marshal(admission.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admission.AdmissionRequest{
			UID: "1", Kind: metav1.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
			Name: meta.Name, Namespace: meta.Namespace, Operation: admission.Create, Object: runtime.RawExtension{Raw: o},
		},
	})
	must(err)
	request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(review))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	w.mux.ServeHTTP(recorder, request)
	var verdict admission.AdmissionReview
	must(json.Unmarshal(recorder.Body.Bytes(), &verdict))
	if !verdict.Response.Allowed {
		return []string{"refused: " + id + ": " + verdict.Response.Result.Message}
	}
	for _, warning := range verdict.Response.Warnings {
		said = append(said, "warned: "+id+": "+warning)
	}
	return said
}
