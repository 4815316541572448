"""Templates that a real Prometheus and opsdash expand side by side, over the same labels and values."""

LABELS = {
    "instance": "db-1.example.com:9100",
    "job": "node exporter",
    "mountpoint": "/var/lib/data",
    "version": "v1.22.3",
    "ip": "10.0.0.7:443",
    "ip6": "[::1]:9090",
    "num": "12.5",
    "word": "élan o'clock foo_bar x.y a-b",
    "quote": 'say "hi" <b>&\'',
    "empty": "",
}
"""The labels of every sample; an empty one is as good as absent."""

VALUES = (
    "0", "1", "0.0123", "12.5", "-42.7", "99.95", "1024", "123456.789", "1234567", "100000", "1e21",
    "0.000000321", "NaN", "+Inf", "-Inf", "272725.5", "1700000000.123", "3661", "59.9999", "2e10",
)  # fmt: skip

GENERAL = r"""
plain text, no template
{{ $value }}
{{$value}}
{{ .Value }}
{{ $labels }}
{{ .Labels }}
{{ . }}
{{ $labels.instance }}
{{ .Labels.instance }} is {{ $labels.nosuch }} {{ .Labels.empty }}|
{{ $externalLabels }} {{ $externalLabels.x }} {{ .ExternalLabels }}
{{ externalURL }} {{ $externalURL }} {{ .ExternalURL }} {{ pathPrefix }}
{{ $value | humanize }} {{ humanize $value }} {{ humanize "1500" }} {{ "0.00012" | humanize }}
{{ $value | humanize1024 }}B
{{ $value | humanizeDuration }}
{{ $value | humanizePercentage }}
{{ $value | humanizeTimestamp }}
{{ humanizeDuration "3725" }} {{ humanizeDuration "-90061.7" }} {{ humanizePercentage "0.12345" }}
{{ humanize $labels.num }} {{ $labels.num | humanize1024 }}
{{ humanize $labels.job }}
{{ $labels.instance | humanizeDuration }}
{{ printf "%.2f" $value }}
{{ $value | printf "%.1f%%" }}
{{ printf "%6.2f|%-10.3f|%+.1f|%08.2f|% .1f" $value $value $value $value $value }}
{{ printf "%e %E %g %G %.3g %.0f %f %F" $value $value $value $value $value $value $value $value }}
{{ printf "%v %s %d %t %q %x" $value $value $value $value $value 12 }}
{{ printf "%s %10s %-10s| %.3s %q %v %x %X %d" $labels.job "ab" "cd" "abcdef" $labels.quote "v" "hi" "hi" "no" }}
{{ printf "%d %5d %-5d| %05d %+d %x %X %o %b %c %q %U %#x %#o" 42 42 42 42 42 255 255 8 5 65 65 9731 255 8 }}
{{ printf "%t %v %5t" true false true }} {{ printf "%t" 1 }}
{{ printf "%d %s" 1 }} {{ printf "%d" 1 2 "x" 3.5 true }} {{ printf "%!" }} {{ printf "%z" 3 }} {{ printf "100%" }}
{{ printf "%[2]s %[1]s" "a" "b" }} {{ printf "%[3]s" "a" }} {{ printf "%*d|%-*d|" 5 42 5 42 }} {{ printf "%.*f" 2 3.14159 }}
{{ printf "%v %v" $labels "x" }} {{ printf "%s" $labels }} {{ printf "%d" $labels }} {{ printf "%q" $labels }}
{{ printf "%T %T %T %T %T" 1 1.5 "s" true $labels }} {{ printf "%v" nil }}
{{ print 1 2 "a" "b" 3 4.5 true false }} {{ print "a" 1 "b" }} {{ println "x" 1 2.0 }}|
{{ print }}{{ print $value $value }}
{{ len $labels }} {{ len $labels.instance }} {{ len "é" }}
{{ index $labels "instance" }} {{ index $labels "nosuch" }}| {{ index "abc" 1 }}
{{ slice "abcdef" 1 3 }} {{ slice "abcdef" 2 }} {{ slice "abc" }}
{{ slice "abc" 5 }}
{{ slice "abc" 2 1 }}
{{ index "abc" 3 }}
{{ index "abc" 4 }}
{{ index $value 1 }}
{{ index $labels 1 }}
{{ len 3 }}
{{ if gt $value 100.0 }}high{{ else if gt $value 10.0 }}middle{{ else }}low{{ end }}
{{ if and (gt $value 1.0) (lt $value 1000.0) }}inside{{ else }}outside{{ end }}
{{ if or $labels.nosuch $labels.job }}one{{ end }} {{ or "" "b" }} {{ and "a" "" }}| {{ and 1 2 3 }} {{ not true }} {{ not "" }}
{{ if $value }}true{{ else }}false{{ end }} {{ if $labels.empty }}x{{ else }}none{{ end }}
{{ if eq $labels.job "node exporter" "other" }}eq{{ end }} {{ if ne $labels.job "x" }}ne{{ end }}
{{ eq 1 1 }} {{ eq 1 2 3 1 }} {{ eq "a" "b" }} {{ ne 1.5 1.5 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1.0 2.0 }} {{ eq true false }}
{{ eq $value 1 }}
{{ gt $value 100 }}
{{ lt "a" 1 }}
{{ lt true false }}
{{ eq $labels $labels }}
{{ with $labels.job }}job is {{ . }}{{ else }}no job{{ end }} {{ with $labels.nosuch }}x{{ else }}without{{ end }}
{{ with $x := $labels.version }}{{ $x }}{{ end }}
{{ range $name, $text := $labels }}{{ $name }}={{ $text }};{{ end }}
{{ range $labels }}[{{ . }}]{{ end }} {{ range $text := $labels }}({{ $text }}){{ end }}
{{ range $externalLabels }}x{{ else }}no external labels{{ end }}
{{ range $k, $v := $labels }}{{ if eq $k "job" }}{{ continue }}{{ end }}{{ if eq $k "num" }}{{ break }}{{ end }}{{ $k }} {{ end }}
{{ range $value }}x{{ end }}
{{ range $labels.job }}x{{ end }}
{{ $x := 5 }}{{ $x }} {{ $x = 6 }}{{ $x }} {{ $y := printf "%d" $x }}{{ $y | toUpper }}
{{ $x := "out" }}{{ if true }}{{ $x = "in" }}{{ end }}{{ $x }} {{ if true }}{{ $x := "shadow" }}{{ end }}{{ $x }}
{{ $labels.job | toUpper | printf "%s!" }} {{ toLower "ABC É" }} {{ toUpper "straße é" }}
{{ title "hello world" }} {{ title $labels.job }} {{ title "a-b x/y_z ÉLAN" }}
{{ $labels.instance | stripPort }} {{ stripPort $labels.ip6 }} {{ stripPort "nothing" }} {{ stripPort "a:b:c" }} {{ stripPort "[x]" }}
{{ $labels.instance | stripDomain }} {{ stripDomain $labels.ip }} {{ stripDomain "host.example.com" }} {{ stripDomain $labels.ip6 }} {{ stripDomain "[2001:db8::1]" }}
{{ match "^db-[0-9]+" $labels.instance }} {{ match "a.*z" "abc" }} {{ if match "node" $labels.job }}y{{ end }}
{{ match "(" "x" }}
{{ reReplaceAll "(.*):(.*)" "$2 at ${1}" $labels.instance }} {{ reReplaceAll "x*" "-" "abxd" }} {{ reReplaceAll "(?i)NODE" "n" $labels.job }}
{{ reReplaceAll "[0-9]+" "<$0>" $labels.instance }} {{ reReplaceAll "(?P<n>[a-z]+)-" "${n}_$$_$nx|" $labels.instance }}
{{ reReplaceAll "\\.example\\.com.*$" "" $labels.instance }} {{ reReplaceAll "^(\\w+)-(\\d+).*" "$1#$2" $labels.instance }}
{{ reReplaceAll "*" "" "x" }}
{{ reReplaceAll `a|b|` "." "xaby" }} {{ reReplaceAll `\b` "|" "ab cd" }} {{ reReplaceAll `(?m)^` ">" "l1" }} {{ reReplaceAll `a{2,3}?` "_" "aaaaa" }}
{{ reReplaceAll `[^[:alpha:]\d-]+` "~" $labels.instance }} {{ reReplaceAll `\pL+` "L" "aé1" }} {{ reReplaceAll `(a)|(b)` "[$1|$2]" "ab" }}
{{ match 5 "x" }}
{{ graphLink "rate(x{a=~\"5..\"}[5m]) > 1" }} {{ $labels.job | tableLink }} {{ $externalURL }}{{ tableLink "up == 0 é~-_.*" }} {{ graphLink 5 }}
{{ $labels.job | match }}
{{ toUpper $value }}
{{ toUpper 5 }}
{{ $value | toUpper }}
{{ printf 5 }}
{{ humanize true }}
{{ humanize $labels }}
{{ humanize }}
{{ humanize 1.5 2.5 }}
{{ safeHtml "<b>" }} {{ html $labels.quote }} {{ js $labels.quote }} {{ urlquery $labels.quote "a b" }}
{{ safeHtml "x" | toUpper }}
{{ (index $labels "job") }} {{ ($labels.job) }} {{ ((1)) }} {{ (args 1 "b" 2.5).arg1 }} {{ args 1 "b" $value }}
{{ (args 1).arg9 }} {{ with args 1 }}{{ .arg0 }}{{ .arg5 }}{{ end }}
{{ .Foo }}
{{ .Value.Foo }}
{{ $labels.job.x }}
{{ $value.x }}
{{ .Labels.job "x" }}
{{ $labels.job 1 }}
{{ "x" | $labels.job }}
{{ 1.0 }} {{ 1e3 }} {{ 0x1F }} {{ 017 }} {{ 1_000 }} {{ 'a' }} {{ -5 }} {{ +3 }} {{ .5 }} {{ 1e100 }} {{ 0b11 }}
{{ "tab\tquote\"\u00e9\x41\101" }} {{ `raw\n` }}
a {{- " b " -}} c {{- /* comment */ -}} d {{/* another */}} e {{ "x" -}}    f    {{- "y" }}
{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $value }} {{ template "t" "x" }} {{ template "t" }}
{{ block "b" $labels.job }}[{{ . }}]{{ end }}
{{ template "nosuch" }}
{{ define "loop" }}{{ template "loop" . }}{{ end }}x
{{ true }} {{ false }} {{ print nil }} {{ printf "%s" nil }}
{{ $ }}
{{ $.Value }} {{ $.Labels.job }} {{ with "x" }}{{ $.Labels.job }}{{ . }}{{ end }}
{{ parseDuration "1h30m" }} {{ parseDuration "2d" | humanizeDuration }}
{{ parseDuration "nonsense" }}
{{ toTime $value }}
{{ (toTime 1700000000.123).Format "2006-01-02T15:04:05.000Z07:00 Mon Jan _2 3:04PM" }}
{{ (toTime "1700000000").Unix }} {{ (1700000000.0 | toTime).Year }} {{ humanizeTimestamp 1700000000.5 }}
{{ $value | printf "%.2f" | printf "%s %s" "v" }} {{ printf "%s" (printf "%d" 3) }}
VALUE = {{ $value }}  LABELS = {{ $labels }}
{{ if (match "db" $labels.instance) }}{{ $labels.instance | reReplaceAll "(.*)\\.example.*" "$1" }}{{ end }}
{{ nil }}
{{ eq nil nil }}
{{ printf "%v %d" 'a' 'a' }} {{ printf "%6.2v|%5v|%-5v|" $value "a" "b" }}
{{ call 1 }}
{{ . | printf "%v" }}
{{ printf "%+v %#v %#v %#v" $value "s" 1 true }}
{{ printf "%3c|%-3c|%03d|%+03d|% d|%x" 65 66 7 7 7 -255 }}
{{ printf "%s" (index "abc" 1) }} {{ printf "%c" (index "abc" 1) }} {{ printf "%5.1f%%" 12.345 }} {{ printf "%5t|%-7t|" true false }}
{{ printf "%08d|%-08d|%+.3d|%.0d|%6.3d" -42 42 5 0 7 }} {{ printf "%10.3e|%-12g|%+g|% g" 1234.5 0.5 2.5 2.5 }}
{{ printf "%q %q %+q %#q %x % x %#x" "é\n" 'é' "é" "raw" "é" "abc" "abc" }}
{{ print (len "abc") 1.5 "x" 2 3 }} {{ println }}{{ print "" 1 2 }}
{{ and }}
{{ range $i, $c := "abc" }}x{{ end }}
{{ if not (eq $labels.job "x") }}not x{{ end }} {{ with (index $labels "job") | toUpper }}{{ . }}{{ end }}
""".strip("\n").split("\n")
"""One template a line."""

MULTILINE = (
    "first\n{{ $labels.job }}\n{{- if true }}\n  yes\n{{- end }}\n",
    "line\n\n  {{ humanize $labels.job }}",
    "{{ range $k, $v := $labels -}}\n  {{ $k }}: {{ $v }}\n{{ end -}}\nend",
    '{{ printf\n  "%d"\n  3 }}',
    "é {{ .Foo }}",
)

BAD = (
    "{{",
    "{{ }}",
    "{{ $value",
    "{{ $nosuch }}",
    "{{ nosuch $value }}",
    "{{ if $value }}x",
    "{{ end }}",
    "{{ else }}",
    "{{ if }}x{{ end }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{{ 'ab' }}",
    '{{ "ab }}',
    "{{ `ab }}",
    '{{ "\\q" }}',
    "{{ | $value }}",
    "{{ 1 | 2 }}",
    "{{ $x, $y := 1 }}",
    "{{ range $a, $b, $c := $labels }}{{ end }}",
    "{{ range $a, 1 := $labels }}{{ end }}",
    "{{ break }}",
    "{{ /* x }}",
    "{{/* x */ y }}",
    "{{ 1.5.x }}",
    "{{ true.x }}",
    "{{ 12ab }}",
    "{{ 0x }}",
    "{{ 99999999999999999999 }}",
    "{{ $x+2 }}",
    "{{ template }}",
    "{{ define $x }}{{ end }}",
    "{{ if true }}{{ define `x` }}{{ end }}{{ end }}",
    "{{ .x! }}",
    "{{ ! }}",
    "{{ a:b }}",
    "{{ @ }}",
    "one\ntwo {{ $nosuch }}",
    "one\n{{ nosuch }}\nthree",
    "{{ if 1 }}a{{ else }}b{{ else }}c{{ end }}",
    "{{ x.y }}",
    "{{ with $value }}{{ $v := 1 }}{{ end }}{{ $v }}",
)
"""Templates that Prometheus refuses to load."""
