{{- define "limpid.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "limpid.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "limpid.labels" -}}
{{ include "limpid.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "limpid.metadata" -}}
name: {{ include "limpid.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "limpid.labels" . | nindent 2 }}
{{- end }}

{{- define "limpid.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "limpid.fullname" .) }}{{ else }}{{ required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "limpid.image" -}}
{{- $tag := .Values.image.tag | default (printf "%s%s" .Chart.AppVersion (ternary "-cuda" "" (gt (int .Values.gpu.count) 0))) -}}
{{- if .Values.image.digest }}{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}{{ else }}{{ printf "%s:%s" .Values.image.repository $tag }}{{ end }}
{{- end }}

{{- define "limpid.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled }}{{ .Values.tls.secretName | default (printf "%s-tls" (include "limpid.fullname" .)) }}{{ else }}{{ required "tls.secretName is needed where tls.enabled is true without certManager" .Values.tls.secretName }}{{ end }}
{{- end }}

{{/* The kubelet's probes cannot do TLS: then they have a port of their own. */}}
{{- define "limpid.probePort" -}}
{{- ternary .Values.ports.health .Values.ports.grpc .Values.tls.enabled }}
{{- end }}

{{- define "limpid.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}
