# Compiles single modules with swiftc, beside SwiftPM's build: for programs that need other flags than a build
# has, or a module whose program has another main. Sourced after common.sh, with `build` (a folder outside the
# checkout), `SWIFT_FLAGS` and `C_FLAGS` set.

sources=$ROOT/Sources tests=$ROOT/Tests
clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang
mkdir -p "$build"
build=$(cd "$build" && pwd)

# The rules of Package.swift.
RULES=(-swift-version 6 -strict-memory-safety -warnings-as-errors -package-name imagevault -parse-as-library
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility -module-cache-path "$build/cache" -wmo)

# C modules, as SwiftPM would describe them.
for name in CJPEG CVaultSystem CSeccomp; do
  printf 'module %s { header "%s" export * }\n' "$name" "$sources/$name/include/$name.h" >"$build/$name.modulemap"
  RULES+=(-Xcc "-fmodule-map-file=$build/$name.modulemap")
done
for name in CMagic CZlib CDeflate; do RULES+=(-Xcc "-fmodule-map-file=$sources/$name/module.modulemap"); done

# Whether the product is older than one of the files it is made of, or than these scripts.
stale() {
  local product=$1 file
  shift
  [ -e "$product" ] || return 0
  for file in "$0" "$ROOT/Tools/modules.sh" "$@"; do [ "$file" -nt "$product" ] && return 0; done
  return 1
}

# module NAME OBJECT... -- FILE...: one module as NAME.o and NAME.swiftmodule; OBJECTs are those it imports.
module() {
  local name=$1 depends=()
  shift
  while [ "$1" != -- ]; do depends+=("$build/$1.o"); shift; done
  shift
  stale "$build/$name.o" "${depends[@]}" "$@" || return 0
  say "compiling $name"
  swiftc "${RULES[@]}" "${SWIFT_FLAGS[@]}" -I "$build" -module-name "$name" -emit-module \
    -emit-module-path "$build/$name.swiftmodule" -c "$@" -o "$build/$name.o"
  # An unchanged object keeps its time.
  touch "$build/$name.o"
}

# c_object NAME FILE...: the files of one C target as NAME.o.
c_object() {
  local name=$1
  shift
  stale "$build/$name.o" "$@" || return 0
  printf '#include "%s"\n' "$@" |
    "$clang" "${C_FLAGS[@]}" -I "$sources/$name/include" -I "$sources/CVaultSystem/include" -c -x c - -o "$build/$name.o"
}

# program NAME OBJECT... -- FILE...: one program in the folder, from modules and its own files.
program() {
  local name=$1 objects=()
  shift
  while [ "$1" != -- ]; do objects+=("$build/$1.o"); shift; done
  shift
  stale "$build/$name" "${objects[@]}" "$@" || return 0
  say "compiling $name"
  # In the folder, because with -g the compiler leaves its module where it runs.
  (cd "$build" && swiftc "${RULES[@]}" "${SWIFT_FLAGS[@]}" -I "$build" -module-name Program -o "$build/$name" "$@" \
    "${objects[@]}" -use-ld=lld -ljpeg -lseccomp)
}

# The inspection: formats, walks, a worker without its main, and vaultd's side of it as far as it needs no vault.
inspection_modules() {
  local inspectors=$sources/VaultStorage/Inspectors
  c_object CJPEG "$sources/CJPEG/decode.c"
  c_object CVaultSystem "$sources/CVaultSystem"/{descriptors,landlock,launcher}.c
  c_object CSeccomp "$sources/CSeccomp/walls.c"
  module VaultFormat -- $(find "$sources/VaultFormat" -name '*.swift')
  module ImageInspection VaultFormat -- $(find "$sources/ImageInspection" -name '*.swift')
  module vaultinspect ImageInspection CJPEG CVaultSystem CSeccomp -- \
    $(find "$sources/vaultinspect" -name '*.swift' ! -name VaultInspect.swift)
  module VaultStorage VaultFormat CVaultSystem -- \
    $(find "$inspectors" -name '*.swift' ! -name Inspectors.swift ! -name '*+Walls.swift')
}
