# For scripts that run several checks, all of them whatever comes out: `exit $failed` at the end.
failed=0
check() {
  local name=$1
  shift
  if "$@"; then echo "ok      $name"; else
    echo "FAILED  $name"
    failed=1
  fi
}
