from bridge.api import SPSA as SPSA
from bridge.api import AudioError as AudioError
from bridge.api import AutomixedAudio as AutomixedAudio
from bridge.api import BridgeError as BridgeError
from bridge.api import Calibration as Calibration
from bridge.api import CentralDifferences as CentralDifferences
from bridge.api import Chain as Chain
from bridge.api import ChainError as ChainError
from bridge.api import Model as Model
from bridge.api import ModelError as ModelError
from bridge.api import PluginError as PluginError
from bridge.api import PluginHost as PluginHost
from bridge.api import PluginLayer as PluginLayer
from bridge.api import RenderInput as RenderInput
from bridge.api import SettingsError as SettingsError
from bridge.api import automix_audio as automix_audio
from bridge.api import automix_file as automix_file
from bridge.api import calibrate as calibrate
from bridge.api import describe_decision as describe_decision
from bridge.api import load_chain as load_chain
from bridge.api import load_model as load_model
from bridge.api import new_chain as new_chain
from bridge.api import open_host as open_host
from bridge.api import positions_to_normalized as positions_to_normalized

__version__: str
