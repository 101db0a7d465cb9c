"""GLSL programs of the picture renderer.

One lighting model for everything: a key light with a shadow map, a fill light and a two-coloured ambient term.
Diffuse light wraps a little around the terminator, per colour channel, which is the usual cheap stand-in for
light scattered under skin; highlights follow the GGX distribution [1]_, those of hair a lobe along the strand
[2]_. Skin is bent by two height fields, its own grain and the picture's wrinkles, by the surface gradient of
[3]_.

References
----------
.. [1] B. Walter et al., "Microfacet models for refraction through rough surfaces", EGSR 2007.
.. [2] J. T. Kajiya and T. L. Kay, "Rendering fur with three dimensional textures", SIGGRAPH 1989.
.. [3] M. S. Mikkelsen, "Bump mapping unparametrized surfaces on the GPU", JGT 15, 2010.
"""

_LIGHT = """
uniform sampler2DShadow shadow_map;
uniform vec3 eye_position; uniform vec3 key_direction; uniform vec3 key_colour;
uniform vec3 fill_direction; uniform vec3 fill_colour; uniform vec3 ambient_sky; uniform vec3 ambient_ground;
float lit(vec4 light_clip){
  vec3 q = light_clip.xyz / light_clip.w * 0.5 + 0.5;
  if(q.x < 0.0 || q.x > 1.0 || q.y < 0.0 || q.y > 1.0) return 1.0;
  float s = 0.0;
  for(int i = -1; i <= 1; i++) for(int j = -1; j <= 1; j++)
    s += texture(shadow_map, vec3(q.xy + vec2(i, j) / 500.0, q.z - 0.004));
  return s / 9.0;
}
float ggx(float nh, float a){
  float a2 = a * a, d = nh * nh * (a2 - 1.0) + 1.0;
  return a2 / (3.14159 * d * d);
}
vec3 shade(vec3 N, vec3 V, vec3 albedo, float roughness, float f0, vec3 wrap, float occlusion, float s,
           float bleed){
  float nl = dot(N, key_direction), nf = dot(N, fill_direction);
  vec3 shadow = mix(vec3(s), vec3(1.0), vec3(0.10, 0.03, 0.02) * bleed);
  vec3 c = albedo * key_colour * clamp((vec3(nl) + wrap) / (1.0 + wrap), 0.0, 1.0) * shadow;
  c += albedo * fill_colour * clamp((vec3(nf) + wrap) / (1.0 + wrap), 0.0, 1.0);
  c += albedo * mix(ambient_ground, ambient_sky, N.y * 0.5 + 0.5);
  float nv = max(dot(N, V), 0.05), a = roughness * roughness;
  vec3 H = normalize(key_direction + V), G = normalize(fill_direction + V);
  float fresnel = f0 + (1.0 - f0) * pow(1.0 - max(dot(H, V), 0.0), 5.0);
  float k = ggx(max(dot(N, H), 0.0), a) * fresnel * max(nl, 0.0) * 0.25 / (max(nl, 0.1) * nv + 0.05);
  float f = ggx(max(dot(N, G), 0.0), a) * fresnel * max(nf, 0.0) * 0.25 / (max(nf, 0.1) * nv + 0.05);
  c = c * occlusion + (key_colour * k * s + fill_colour * f) * 3.14159 * mix(occlusion, 1.0, 0.3);
  return c + ambient_sky * 0.04 * pow(1.0 - nv, 4.0) * occlusion;
}
vec3 tone(vec3 c){ return pow(clamp(c, 0.0, 8.0) / (1.0 + 0.15 * c), vec3(1.0 / 2.2)); }
"""

FACE_VERTEX = """#version 330
in vec3 position; in vec3 normal; in vec2 uv; in float material; in vec3 rest; in float region;
uniform mat4 model; uniform mat4 view_projection; uniform mat4 light;
out vec3 world; out vec3 world_normal; out vec2 t; flat out int m; out vec4 light_clip; out vec3 p0;
void main(){
  vec4 w = model * vec4(position, 1.0);
  world = w.xyz; world_normal = mat3(model) * normal; t = uv; m = int(material + 0.5); p0 = rest;
  light_clip = light * w; gl_Position = view_projection * w;
}"""

_FACE_HEAD = """#version 330
in vec3 world; in vec3 world_normal; in vec2 t; flat in int m; in vec4 light_clip; in vec3 p0;
uniform sampler2D skin; uniform sampler2D head; uniform sampler2D wrinkles;
uniform float pores; uniform float gloss; uniform vec3 wrap; uniform vec3 lash_colour; uniform float lash_width;
uniform vec3 eye_left; uniform vec3 eye_right;
uniform vec3 iris_colour; uniform float iris_radius; uniform float pupil_radius;
uniform vec2 mouth_depth;
out vec4 colour;
"""

_BUMP = """
vec3 bent(vec3 N, float h, float hx, float hy){
  vec3 dx = dFdx(world), dy = dFdy(world), r1 = cross(dy, N), r2 = cross(N, dx);
  float det = dot(dx, r1);
  return normalize(abs(det) * N - sign(det) * ((hx - h) * r1 + (hy - h) * r2));
}
"""

SKIN_FRAGMENT = (
    _FACE_HEAD
    + _LIGHT
    + _BUMP
    + """
void main(){
  vec3 V = normalize(eye_position - world), N = normalize(world_normal);
  float s = lit(light_clip), occlusion = 1.0, crease = 0.0; vec3 albedo;
  vec2 ux = dFdx(t), uy = dFdy(t);
  if(m == 0){
    vec4 c = texture(skin, t); albedo = pow(c.rgb, vec3(2.2));
    float w = texture(wrinkles, t).r;
    float h = pores * c.a + w;
    N = bent(N, h, pores * texture(skin, t + ux).a + texture(wrinkles, t + ux).r,
             pores * texture(skin, t + uy).a + texture(wrinkles, t + uy).r);
    crease = clamp(-w * 6.0, 0.0, 0.5);
    albedo *= pow(vec3(1.0 - 0.55 * crease), vec3(0.75, 1.0, 1.05));
    occlusion = 1.0 - 0.35 * crease;
  } else { albedo = pow(texture(head, t).rgb, vec3(2.2)); }
  colour = vec4(tone(shade(N, V, albedo, 0.48 / gloss, 0.028, wrap, occlusion, s, 1.0)), 1.0);
}"""
)

PART_FRAGMENT = (
    _FACE_HEAD
    + _LIGHT
    + """
void main(){
  vec3 V = normalize(eye_position - world), N = normalize(world_normal);
  if(dot(N, V) < 0.0) N = -N;
  float s = lit(light_clip), occlusion = 1.0, roughness = 0.4, f0 = 0.028; vec3 albedo, w = wrap;
  float deep = smoothstep(mouth_depth.x, mouth_depth.y, p0.z);
  if(m == 2){ albedo = vec3(0.40, 0.10, 0.10); roughness = 0.35; occlusion = deep * 0.85 + 0.05; w *= 0.7; }
  else if(m == 3){
    albedo = vec3(0.80, 0.74, 0.62); roughness = 0.25; f0 = 0.04; occlusion = deep * 0.9 + 0.1; w = vec3(0.2);
  }
  else if(m == 4 || m == 5){
    vec3 d = p0 - (p0.x > 0.0 ? eye_left : eye_right);
    float r = length(d.xy) + (d.z < 0.0 ? 9.0 : 0.0), a = atan(d.y, d.x);
    vec3 sclera = vec3(0.72, 0.66, 0.60) * exp(-0.25 * clamp(r - iris_radius, 0.0, 1.0) * vec3(0.3, 1.0, 0.9));
    float fibre = 0.85 + 0.15 * sin(a * 37.0 + 3.0 * sin(a * 11.0)) + 0.08 * sin(a * 91.0);
    float q = r / iris_radius;
    vec3 iris = iris_colour * fibre * mix(1.3, 0.85, smoothstep(0.4, 0.85, q));
    iris *= mix(1.0, 0.3, smoothstep(0.8, 1.0, q));
    iris = mix(vec3(0.004), iris, smoothstep(pupil_radius - 0.015, pupil_radius + 0.015, r));
    albedo = mix(iris, sclera, smoothstep(0.95, 1.06, q));
    roughness = 0.12; f0 = 0.04; w = vec3(0.15);
    occlusion = mix(1.0, 0.75, smoothstep(0.0, 0.9, d.y)); // the upper lid's shade
  }
  else if(m == 6){
    float k = fract(t.x * 170.0 + sin(t.y * 31.0) * 0.35);
    if(abs(k - 0.5) > lash_width) discard;
    albedo = lash_colour; roughness = 0.6; occlusion = 0.8;
  }
  else if(m == 7){ albedo = vec3(0.22, 0.04, 0.04); occlusion = deep * 0.7 + 0.03; }
  else { albedo = vec3(0.3, 0.12, 0.1); occlusion = 0.3; }
  colour = vec4(tone(shade(N, V, albedo, roughness, f0, w, occlusion, s, 0.0)), 1.0);
}"""
)

SHADOW_VERTEX = """#version 330
in vec3 position; in float material; uniform mat4 transform; flat out int m;
void main(){ gl_Position = transform * vec4(position, 1.0); m = int(material + 0.5); }"""

SHADOW_FRAGMENT = """#version 330
flat in int m;
void main(){ if(m == 6) discard; }"""

PROP_VERTEX = """#version 330
in vec3 position; in vec3 normal; in vec3 tangent; in vec2 uv; in vec3 albedo;
uniform mat4 model; uniform mat4 view_projection; uniform mat4 light;
out vec3 world; out vec3 world_normal; out vec3 along; out vec2 t; out vec3 base; out vec4 light_clip;
void main(){
  vec4 w = model * vec4(position, 1.0);
  world = w.xyz; world_normal = mat3(model) * normal; along = mat3(model) * tangent; t = uv; base = albedo;
  light_clip = light * w; gl_Position = view_projection * w;
}"""

PROP_FRAGMENT = (
    """#version 330
in vec3 world; in vec3 world_normal; in vec3 along; in vec2 t; in vec3 base; in vec4 light_clip;
uniform float roughness; uniform float f0; uniform vec3 wrap; uniform float opacity; uniform int strands;
out vec4 colour;
"""
    + _LIGHT
    + """
float hash(float x){ return fract(sin(x * 127.1) * 43758.5453); }
void main(){
  vec3 V = normalize(eye_position - world), N = normalize(world_normal);
  if(dot(N, V) < 0.0) N = -N;
  if(strands > 0){
    vec3 q = light_clip.xyz / light_clip.w * 0.5 + 0.5;
    float s = texture(shadow_map, vec3(q.xy, q.z - 0.004));
    // a ribbon carries a handful of hairs, each with its own length and shade; between them one sees through
    float column = floor(t.x * float(strands)), edge = abs(fract(t.x * float(strands)) - 0.5), own = hash(column);
    if(edge > 0.46 - 0.30 * t.y * t.y || t.y > 0.80 + 0.20 * own) discard;
    vec3 T = normalize(along), H = normalize(key_direction + V);
    float th = dot(T, H), lobe = pow(sqrt(max(1.0 - th * th, 0.0)), 60.0), tl = dot(T, key_direction);
    float facing = clamp(dot(N, key_direction) * 0.6 + 0.4, 0.0, 1.0);
    float diffuse = 0.35 + 0.65 * sqrt(max(1.0 - tl * tl, 0.0)) * facing;
    vec3 c = base * (0.65 + 0.7 * own) * (key_colour * diffuse * mix(0.25, 1.0, s)
      + fill_colour * clamp(dot(N, fill_direction) * 0.5 + 0.5, 0.0, 1.0)
      + mix(ambient_ground, ambient_sky, N.y * 0.5 + 0.5));
    c += (key_colour * s * lobe * 0.10 + ambient_sky * 0.01) * (base + 0.04);
    colour = vec4(tone(c), 1.0);
    return;
  }
  float s = lit(light_clip);
  colour = vec4(tone(shade(N, V, base, roughness, f0, wrap, 1.0, s, 0.0)), opacity);
}"""
)

REGION_VERTEX = """#version 330
in vec3 position; in float region; uniform mat4 transform; flat out float id;
void main(){ gl_Position = transform * vec4(position, 1.0); id = region; }"""

REGION_FRAGMENT = """#version 330
flat in float id; out vec4 colour;
void main(){ colour = vec4(id / 255.0, 0.0, 0.0, 1.0); }"""

COVER_VERTEX = """#version 330
in vec3 position; in vec2 uv; uniform mat4 transform; out vec2 t;
void main(){ gl_Position = transform * vec4(position, 1.0); t = uv; }"""

COVER_FRAGMENT = """#version 330
in vec2 t; uniform int strands; out vec4 colour;
float hash(float x){ return fract(sin(x * 127.1) * 43758.5453); }
void main(){
  if(strands > 0){
    float column = floor(t.x * float(strands)), edge = abs(fract(t.x * float(strands)) - 0.5);
    if(edge > 0.46 - 0.30 * t.y * t.y || t.y > 0.80 + 0.20 * hash(column)) discard;
  }
  colour = vec4(0.0, 0.0, 0.0, 1.0);
}"""

ATLAS_VERTEX = """#version 330
in vec2 uv; in vec3 value; out vec3 v;
void main(){ v = value; gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0); }"""

ATLAS_FRAGMENT = """#version 330
in vec3 v; out vec4 colour;
void main(){ colour = vec4(v, 1.0); }"""
